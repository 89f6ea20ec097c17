"""Redis, which reminds: a sorted set of what waits, scored by when it is due."""
