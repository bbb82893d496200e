"""How marketing keeps a lead warm: sequences and letters.

Decides which letters a transition wants and what they say. It never sends.
"""
