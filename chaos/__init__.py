"""Chaos tests: real processes and servers under a seeded plan of faults, and a checker of the result."""
