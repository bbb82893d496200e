"""Work on many leads in saved steps, so that a crash costs one step and no more.

This room knows no job by name; each kind brings a handler (wiring/jobs.py).
"""
