"""The one table: keys, codecs, and every access pattern as a named method.

docs/reference/data-model.md lists them. Only this room imports boto3 for data. It decides nothing.
"""
