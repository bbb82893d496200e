"""What is due: a table from each task to its handler, worked through once a minute.

This room knows no task by name; each room registers its own (wiring/due.py).
"""
