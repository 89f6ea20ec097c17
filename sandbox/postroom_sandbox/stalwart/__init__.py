"""A stand-in for Stalwart 0.16 with its management API and its mail, for the trial and the tests, never for real mail.

It behaves as a real server was observed to behave (tests/contract/recorded holds the exchanges) and keeps its state in
one SQLite file. It responds with an error that says so to: calendars, contacts, groups, tenants, aliases and changes of
domains, changes of roles and keys, passwords that expire, copying emails and blobs between accounts. It does not
implement rate limits, the ban after failed logins, running Sieve scripts, and background work (DNS, DKIM keys).
"""

HOSTNAME = "mail.example.org"
"""of the mail server, also in the `Authentication-Results` of the mail that fills a mailbox"""
