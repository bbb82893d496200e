"""The demo's site in a real browser, against the deployed stack."""
