"""Postroom: a mailbox on Stalwart for every identity of Ory Kratos."""
