"""A scoring model as people write it: its format, refusals, warnings, examples, schema and page.

Imported only by code that stores or shows a model: the functions that score must start quickly
(ADR 0015).
"""
