"""What Baton runs on: the template, packaging, deployment and the local AWS.

Nothing in this folder becomes part of the deployed code.
"""
