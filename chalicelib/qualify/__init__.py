"""The stream-triggered room: an event is counted, the lead rescored, its stage decided, all in one
write.

Two algorithms only. `count`: one event, incremental. `replay`: a lead from all its events. This
room knows the order of things; what a lead is worth is scoring's, where it stands is lifecycle's.
"""
