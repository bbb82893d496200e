"""Which of our own people may do what: tokens with roles, and the journal of what they did.

This room knows no route and no lead. It never keeps a secret: of a token it keeps a hash.
"""
