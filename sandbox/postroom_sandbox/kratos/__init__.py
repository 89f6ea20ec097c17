"""A stand-in for Ory Kratos: for the trial and the tests, never for people's passwords.

It follows what a real Kratos was seen to do (tests/contract/test_kratos.py runs the same suite against 1.3.1)
and keeps its state in one SQLite file. It knows one identity schema (`traits.email`, optionally `traits.name`),
one method (password, in one step) and one web-hook: the one of deploy/kratos. Left out: verification and
recovery, settings, second factors (but for the fault that asks for one), social sign-up, mails, sessions of the
admin API, prolonged sessions, and paging by number.
"""

from postroom_sandbox.kratos.admin import create_admin_app
from postroom_sandbox.kratos.public import create_public_app
from postroom_sandbox.kratos.state import State
from postroom_sandbox.kratos.web_hook import WebHook

__all__ = ["State", "WebHook", "create_admin_app", "create_public_app"]
