"""A JMAP client (RFC 8620, RFC 8621): what to send and what an answer means, apart from how it travels."""
