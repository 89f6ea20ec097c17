"""A stand-in for Ory Kratos, for the trial and the tests. Never give it a password that you use elsewhere.

It behaves as a real Kratos was observed to behave: tests/contract/test_kratos.py runs the same tests against Kratos
1.3.1. It keeps its state in one SQLite file. It has one identity schema (`traits.email`, optionally `traits.name`), the
methods `password`, `code` and `totp`, and one webhook, the one in deploy/kratos. It does not implement social sign-up,
sending mail, the session endpoints of the admin API, extending sessions, and paging by number.
"""
