"""The local AWS: an emulator with the same stack as on AWS, and the demo's site, on 127.0.0.1."""
