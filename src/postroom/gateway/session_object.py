"""The session object (RFC 8620 §2) of the gateway: the mail server's, reduced to the person's own account."""

from collections.abc import Collection, Mapping
from typing import Any

from postroom.domain.person import Scope
from postroom.gateway.limits import GatewayLimits
from postroom.gateway.methods import CORE, POSTROOM, offered_capabilities
from postroom.gateway.problems import mailbox_not_ready, unusable
from postroom.http.json_object import JsonObject, as_object
from postroom.mailboxes.ports import MailAccount


def rewrite(
    session: Mapping[str, Any],
    *,
    base_url: str,
    account: MailAccount,
    scopes: Collection[Scope],
    limits: GatewayLimits,
    authserv_id: str | None = None,
) -> JsonObject:
    """`base_url` has no slash at its end. Raises `Problem` if this is no session object, or if it lacks the account.

    `state` stays the mail server's: its API responses carry the same value as `sessionState`, and a client fetches the
    session again whenever the two differ (RFC 8620 §3.4).
    """
    state, core = session.get("state"), as_object(as_object(session.get("capabilities")).get(CORE))
    if not isinstance(state, str) or not core:
        raise unusable()
    offered = offered_capabilities(scopes)
    theirs = as_object(as_object(session.get("accounts")).get(account.account_id))
    account_capabilities = _only(offered, theirs.get("accountCapabilities"))
    if not account_capabilities:
        # Cyrus sends `null` until the inbox exists.
        raise mailbox_not_ready()
    ours: JsonObject = {"identityId": str(account.identity_id)}
    if authserv_id:
        ours["authservId"] = authserv_id
    primary = as_object(session.get("primaryAccounts"))
    return {
        "capabilities": {
            **_only(offered, session.get("capabilities")),
            CORE: {**core, **_bounded(core, limits)},
            POSTROOM: ours,
        },
        "accounts": {
            account.account_id: {
                "name": account.email,
                "isPersonal": True,
                "isReadOnly": theirs.get("isReadOnly") is True or Scope.WRITE not in scopes,
                "accountCapabilities": account_capabilities,
            }
        },
        "primaryAccounts": {name: own for name, own in _only(offered, primary).items() if own == account.account_id},
        "username": account.email,
        "apiUrl": f"{base_url}/jmap/",
        "downloadUrl": f"{base_url}/jmap/download/{{accountId}}/{{blobId}}/{{name}}?accept={{type}}",
        "uploadUrl": f"{base_url}/jmap/upload/{{accountId}}/",
        "eventSourceUrl": f"{base_url}/jmap/eventsource/?types={{types}}&closeafter={{closeafter}}&ping={{ping}}",
        "state": state,
    }


def _bounded(core: Mapping[str, Any], limits: GatewayLimits) -> JsonObject:
    """The lower of the mail server's limits and ours."""
    ours = {
        "maxSizeRequest": limits.max_size_request,
        "maxSizeUpload": limits.max_size_upload,
        "maxCallsInRequest": limits.max_calls_in_request,
        "maxConcurrentRequests": limits.concurrent_requests,
        "maxConcurrentUpload": limits.concurrent_uploads,
    }
    return {name: min(own, core[name]) if isinstance(core.get(name), int) else own for name, own in ours.items()}


def _only(names: Collection[str], found: object) -> JsonObject:
    return {name: value for name, value in as_object(found).items() if name in names}
