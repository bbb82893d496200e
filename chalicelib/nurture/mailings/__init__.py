"""One-off emails to saved lists of leads: counted, confirmed by a person, then sent once
(ADR 0064).
"""
