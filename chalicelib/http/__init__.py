"""The edge: blueprints by audience, auth, and problem answers.

Only this room and app.py know Chalice.
"""
