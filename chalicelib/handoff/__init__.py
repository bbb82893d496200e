"""How sales takes over: routing, what sales is sent and when, and the notices that it reads.

This room decides who is notified and by what, and composes the notices. It never sends them.
"""
