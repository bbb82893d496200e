"""The lead: what is derived from its events, and the two algorithms that derive it.

`count` takes in one event; `replay` derives a lead from all its events. Pure: no clock, no table,
no setting. What a lead is worth is scoring's business, where it stands is lifecycle's.
"""
