"""How a lead gets in: forms, tracking events and identity.

Parse, limit and refuse; then append events. This room never scores and never sends.
"""
