"""HTTP on both sides: the server, connections to others, and what both say of what went wrong."""
