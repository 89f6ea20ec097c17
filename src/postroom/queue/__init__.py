"""Redis: the index of due times, a sorted set of the waiting requests by due time; and the guesses of passwords."""
