"""How sales takes over: routing, and the notice that says who, why, what they did and how to reach
them.

Decides who is notified and how, and composes the notices. It never sends.
"""
