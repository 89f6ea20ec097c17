"""A stand-in for Stalwart 0.16, its management API and its mail: for the trial and the tests, never for real mail.

It follows the rules that a real server was seen to follow (tests/contract/recorded holds the exchanges)
and keeps its state in one SQLite file. Left out, and answered with an error that says so: Sieve, calendars,
contacts, groups, tenants, aliases and changes of domains, changes of roles and keys, passwords that expire, copies of
emails and blobs from account to account. Not there at all: rate limits, the ban after failed logins, and what the
server does in the background (DNS, DKIM keys).
"""
