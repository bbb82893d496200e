"""What a lead is worth: the model, signals, the tally, the score and its reasons.

Pure: no clock, no table, no setting. Everything arrives as an argument.
"""
