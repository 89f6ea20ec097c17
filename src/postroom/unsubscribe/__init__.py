"""Leaving a mailing list by one request of ours (RFC 8058). Its route is `api/unsubscribe.py`."""
