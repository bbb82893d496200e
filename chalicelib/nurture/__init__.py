"""How marketing keeps a lead warm: sequences and emails.

Decides which emails a transition wants and what they say. It never sends.
"""
