"""Baton: captures leads, keeps score and stage true, and hands the ready ones to sales."""
