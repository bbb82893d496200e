"""The mends of the local AWS, one file a service: each does what AWS documents."""
