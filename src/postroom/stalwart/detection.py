"""Detects the generation of Stalwart from an authenticated session, never from a version string."""

from pydantic import ValidationError

from postroom.errors import Misconfigured, Transient
from postroom.stalwart.error_mapping import FIXES, WrongGeneration
from postroom.stalwart.registry_client import REGISTRY, StalwartClient
from postroom.stalwart.response_models import Session
from postroom.stalwart.version import NEEDED

URL = "correct POSTROOM_STALWART_URL"


async def detect(client: StalwartClient, *, deadline: float) -> str:
    """The id of the account that our credentials belong to, "" if the session names none. The server is of the
    generation `registry`.

    Raises `Misconfigured` with an explanation for a session of any other server. Anything but a session is an outage: a
    proxy before a server that starts may have sent it.
    """
    try:
        content = await client.get("/jmap/session", deadline=deadline)
    except WrongGeneration as error:
        raise _outage(f"no JMAP session at {client.url}/jmap/session: is this Stalwart?") from error
    try:
        session = Session.model_validate(content)
    except ValidationError as error:
        raise _outage(f"the response of {client.url}/jmap/session is not a JMAP session") from error
    if not session.accounts:
        # Without credentials Stalwart serves an empty session: a proxy may have removed them.
        raise Misconfigured("mail server does not know our key: its session holds no account", fix=FIXES[401])
    if _is_registry(session):
        return session.primary_accounts.get(REGISTRY, "")
    raise Misconfigured(
        f"the server at {client.url} supports JMAP but not Stalwart's registry: Postroom needs {NEEDED} (0.15 has no "
        "registry, and could not refuse a second mailbox for an identity)",
        fix=f"update Stalwart, from 0.15 by its own notes for upgrades to 0.16, or {URL}",
    )


def _outage(message: str) -> Transient:
    return Transient(message, outcome_unknown=True, fix=URL)


def _is_registry(session: Session) -> bool:
    # The capability is listed per account, not at the session's level (seen on 0.16.19).
    return REGISTRY in session.primary_accounts or any(
        REGISTRY in account.account_capabilities for account in session.accounts.values()
    )
