"""ministack as Baton needs it: one file for each service that ministack 1.5.33 plays unlike AWS.

A file has one small function per mend. Its docstring says what AWS does and what ministack does,
and tests/emulator has its test. When a version of ministack makes a mend unnecessary, drop it, its
test and its line in infra/README.md.

This runs in `.venv-local`, where ministack is installed and the rest of Baton is not, so it imports
nothing of this project but itself.
"""
