"""What the README claims, measured again: `make bench`."""
