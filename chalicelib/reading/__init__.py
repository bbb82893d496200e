"""What salespeople and marketers read: leads, timelines, the outbox. Reads only; it decides and
writes nothing.
"""
