"""`postroom check`: every setting and part, checked as an operator would, with the fix for what is wrong."""
