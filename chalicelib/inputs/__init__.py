"""The one normaliser of what strangers send: a reader for each kind of value (ADR 0040).

A reader takes whatever was sent and returns a clean value with what there is to say about it. It
never refuses; only an address that nobody can be reached at does (`addresses.read_address`). Every
way in calls these readers and cleans nothing itself. Nothing here knows what a form or an event is.

Keep this file empty, and what one kind of value needs in the module of that kind: every ping loads
`repairs`, `texts`, `numbers`, `choices`, `urls`, `times` and `bodies`. `typed` is for what our own
people send, which is refused where it is wrong.
"""
