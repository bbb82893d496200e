"""How a model changes: drafts, what a draft would change, and the publish that brings every lead to
it.

Simulating and publishing look at every lead, so both are jobs: bounded steps that a crash cannot
hurt, each saved with how far it came. This room knows the order of things; what a lead is worth is
scoring's, where it stands is lifecycle's, and bringing one lead to a model is qualify's.
"""
