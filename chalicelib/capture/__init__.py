"""How a lead gets in: forms, tracking events, identity and consent.

Parses, limits and refuses; then appends events. It never scores and never sends.
"""
