"""What Baton runs on: the template, packaging and deployment, and the local AWS. None of it is
deployed.
"""
