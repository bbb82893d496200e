"""The order of things: an event or a day comes, the lead is brought up to date, the reactions are
asked, and all of it is one write.

It must stay thin. How a lead is derived and decided is the leads' own; what follows from a decision
is for the rooms that react (ADR 0023).
"""
