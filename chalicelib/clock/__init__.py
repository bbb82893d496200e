"""What is due: each minute it is handed over to queues, whose workers do it.

This room knows no task by name. Each room declares its own, and wiring/due.py lists them. Nothing
here does what is due in the clock's own minute: one lead must never delay another (ADR 0035).
"""
