"""How marketers and sales managers change what they own: documents, checked, versioned, in use.

Knows no kind of document by name: each room brings its format and its checks, and
wiring/documents.py lists the kinds. It must not read a document for a lead: whoever executes one
does.
"""
