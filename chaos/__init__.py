"""Chaos: real processes and real servers under a seeded plan of faults, and a checker of what came of it."""
