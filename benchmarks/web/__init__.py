"""How fast the web interface is in a browser, and how large."""
