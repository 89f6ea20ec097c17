"""Decisions without I/O: the standard library and `idna` only."""
