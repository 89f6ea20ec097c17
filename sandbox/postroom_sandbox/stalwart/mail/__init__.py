"""JMAP mail (RFC 8621) of the stand-in for Stalwart, stored in its SQLite file."""

from postroom_sandbox.stalwart.mail.jmap_mail import Mail

__all__ = ["Mail"]
