"""`postroom check`: every setting and part, looked at as an operator would, with the way to mend it."""
