"""Serves the built web interface: files, headers, pages."""
