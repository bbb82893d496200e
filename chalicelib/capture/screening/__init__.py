"""Screening: which submissions are kept as spam, and why (ADR 0044).

A list of small steps, each with a reason of a closed set. A step decides without writing, but for
the counters of floods; none of them ever refuses a form, and the sender is told nothing.
"""
