"""The session object (RFC 8620 §2) with the capabilities of Stalwart 0.16.19.

capabilities.json holds what a real server lists, so that clients get the same session as in production. Methods that
the stand-in lacks, such as those of calendars, respond with unknownMethod.
"""

import json
from importlib.resources import files

from postroom_sandbox.stalwart import ids
from postroom_sandbox.stalwart.json_value import JSON
from postroom_sandbox.stalwart.object_type import Access

_CAPABILITIES: dict[str, JSON] = json.loads(
    files("postroom_sandbox.stalwart").joinpath("capabilities.json").read_text("utf-8")
)
_PRINCIPALS = "urn:ietf:params:jmap:principals"
CORE = _CAPABILITIES["session"]["urn:ietf:params:jmap:core"]
SIEVE_EXTENSIONS = frozenset(_CAPABILITIES["account"]["urn:ietf:params:jmap:sieve"]["sieveExtensions"])
KNOWN = _CAPABILITIES["session"].keys() | _CAPABILITIES["account"].keys()
STATE = "4e7fef4"  # it never changes here


def session(access: Access | None, public_url: str) -> JSON:
    """The session of a caller. Without a caller it holds only the capabilities, so it does not prove a login."""
    accounts: JSON = {}
    primary: JSON = {}
    if access:
        account = ids.encode(access.account)
        own = _CAPABILITIES["account"] | {_PRINCIPALS: {"currentUserPrincipalId": account}}
        flags = {"isPersonal": True, "isReadOnly": False}
        accounts[account] = {"name": access.name, "accountCapabilities": own} | flags
        primary = dict.fromkeys(own, account)
    return {
        "capabilities": _CAPABILITIES["session"],
        "accounts": accounts,
        "primaryAccounts": primary,
        "username": access.name if access else "",
        "apiUrl": f"{public_url}/jmap/",
        "downloadUrl": public_url + "/jmap/download/{accountId}/{blobId}/{name}?accept={type}",
        "uploadUrl": public_url + "/jmap/upload/{accountId}/",
        "eventSourceUrl": public_url + "/jmap/eventsource/?types={types}&closeafter={closeafter}&ping={ping}",
        "state": STATE,
    }
