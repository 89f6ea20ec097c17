"""Which generation of Stalwart is it? Decided from an authenticated session, never from a version string."""

from postroom.errors import Misconfigured
from postroom.stalwart.answers import WrongGeneration
from postroom.stalwart.client import Response, StalwartClient

REGISTRY = "urn:stalwart:jmap"


async def detect(client: StalwartClient, *, deadline: float) -> None:
    """Return if the server is of the generation `registry`.

    Raises `Misconfigured`, in words, for anything else, and what a server in trouble raises.
    """
    try:
        session = await client.get("/jmap/session", deadline=deadline)
    except WrongGeneration as error:
        raise Misconfigured(f"no JMAP session at {client.url}/jmap/session: is this Stalwart?") from error
    if not session.get("accounts"):
        # Without valid credentials the session is served all the same, only empty.
        raise Misconfigured("mail server does not know our key: its session holds no account", unauthorized=True)
    if _is_registry(session):
        return
    raise Misconfigured(
        f"the server at {client.url} speaks JMAP but not Stalwart's registry: Postroom needs Stalwart 0.16 or 1.x "
        "(0.15 keeps accounts under /api/principal and is not supported yet)"
    )


def _is_registry(session: Response) -> bool:
    # The capability is listed per account, not at the session's level (seen on 0.16.19).
    if REGISTRY in (session.get("primaryAccounts") or {}):
        return True
    accounts: dict[str, Response] = session.get("accounts") or {}
    return any(REGISTRY in (account.get("accountCapabilities") or {}) for account in accounts.values())
