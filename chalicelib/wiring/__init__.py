"""The composition root: the ports of a deployment, every use case on them, and the lists that rooms
register in.
"""
