"""`postroom setup …`: `commands.py` says how each is typed."""
