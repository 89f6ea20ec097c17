"""A stand-in for Ory Kratos: for the trial and the tests, never for people's passwords.

It follows what a real Kratos was seen to do (tests/contract/test_kratos.py runs the same suite against 1.3.1)
and keeps its state in one SQLite file. It knows one identity schema (`traits.email`, optionally `traits.name`),
one method (password, in one step) and one web-hook: the one of deploy/kratos. Left out: verification and
recovery, settings, second factors (but for the fault that asks for one), social sign-up, mails, sessions of the
admin API, prolonged sessions, and paging by number.
"""
