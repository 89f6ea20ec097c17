"""`postroom check`: checks every setting and part, and names the fix for what is wrong."""
