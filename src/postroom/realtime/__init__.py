"""Publishes events to clients: by Centrifugo, or by our own server-sent events."""
