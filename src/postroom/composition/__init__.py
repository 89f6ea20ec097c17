"""The composition root: builds the parts of a process from its settings, and runs them."""
