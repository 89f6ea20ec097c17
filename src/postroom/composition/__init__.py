"""Puts the parts of a process together from its settings, and runs them."""
