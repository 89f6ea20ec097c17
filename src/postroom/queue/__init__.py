"""Redis, the index of due times: a sorted set of the waiting requests, scored by due time."""
