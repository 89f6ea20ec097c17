"""A stand-in for the management API of Stalwart 0.16: for the trial and the tests, never for mail.

It follows the rules that a real server was seen to follow (tests/contract/recorded holds the exchanges)
and keeps its state in one SQLite file. Left out, and answered with an error that says so: mail methods,
groups, tenants, aliases and changes of domains, changes of roles and keys, secrets that expire. Not there at
all: rate limits, the ban after failed logins, and what the server does in the background (DNS, DKIM keys).
"""

from postroom.sandbox.stalwart.app import create_app

__all__ = ["create_app"]
