"""How sales takes over: routing, and the notice that says who, why, what they did and how to reach
them.

Decides who is told by which channels, and composes what they are told. It never sends.
"""
