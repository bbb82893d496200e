"""Leads in bulk: import."""
