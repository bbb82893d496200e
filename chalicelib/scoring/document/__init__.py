"""A model as it is written: its format, what is refused, what is warned about, and its JSON Schema.

Only who stores a model imports this: the functions that score must start quickly.
"""
