"""The local AWS: an emulator, the same stack on it, and the demo's site, all on 127.0.0.1."""
