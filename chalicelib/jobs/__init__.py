"""Work in saved steps, so that a crash costs one step and nothing else.

This room knows no kind of job by name: each room brings the handlers of its own (wiring/jobs.py).
"""
