"""What is held on one person: shown to them, and erased when they ask (ADR 0046).

The register of every family of items stands here: what it holds, how long it is kept, and what an
erasure leaves of it. This room decides nothing about a lead, and sends nothing.
"""
