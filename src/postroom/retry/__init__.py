"""The retry engine: which requests are due, which may run, and when to poll again."""
