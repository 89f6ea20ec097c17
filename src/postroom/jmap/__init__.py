"""A JMAP client (RFC 8620, RFC 8621)."""
