"""What is due: a table from each task to its handler, worked through once a minute.

This room knows no task by name. Each room declares its own, and wiring/due.py lists them.
"""
