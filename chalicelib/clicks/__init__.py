"""What people do with our emails: tracked links, clicks and their verdicts, answers to questions.

Decides what a click was, and what an answer says. It sends nothing, and shows no page.
"""
