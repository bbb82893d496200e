"""Keeps leads true: something happens, the lead is counted, decided on, and written in one write.

This room knows the order of things. What a lead is worth is scoring's, where it stands is
lifecycle's, how it is derived is leads', and what follows from a decision is in
wiring/reactions.py (ADR 0005, ADR 0023).
"""
