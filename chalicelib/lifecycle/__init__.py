"""Where a lead stands: stages, the table of legal edges, and the one function that decides.

Pure: no clock, no table, no setting. Everything arrives as an argument.
"""
