"""May we write to this person: consent with its proof, suppression, and unsubscribing.

This room decides and records. It never sends anything.
"""
