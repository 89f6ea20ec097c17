"""Telling screens: Centrifugo, or server-sent events of our own."""
