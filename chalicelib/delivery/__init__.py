"""How anything leaves: messages, the outbox of what became of each, and the senders.

Whatever sends is first a message, written with the decision that wants it and keyed by what it
means. This room must not decide who gets what: it only sends what was decided, once.
"""
