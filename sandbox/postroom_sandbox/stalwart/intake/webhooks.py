"""`x:WebHook`: where the server sends events. A webhook becomes active at the next reload of the settings."""

import ipaddress
import json
import re
import secrets
from collections.abc import Callable
from typing import Any

import httpx2

from postroom_sandbox.stalwart import ids, passwords
from postroom_sandbox.stalwart.errors import invalid_patch, no_variant, not_offered
from postroom_sandbox.stalwart.json_pointer import patched
from postroom_sandbox.stalwart.json_value import JSON, is_count, is_flag, is_object, is_text
from postroom_sandbox.stalwart.object_type import Call, ObjectType, completed

_DEFAULTS: JSON = {
    "enable": True,
    "events": {},
    "eventsPolicy": "include",
    "signatureKey": {"@type": "None"},
    "httpAuth": {"@type": "Unauthenticated"},
    "httpHeaders": {},
    "throttle": 1000,
    "timeout": 30_000,
    "discardAfter": 300_000,
    "allowInvalidCerts": False,
    "lossy": False,
    "level": "info",
}
_TYPES: dict[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("enable", "allowInvalidCerts", "lossy"), is_flag),
    # Milliseconds; the server refuses 0.
    **dict.fromkeys(("throttle", "timeout", "discardAfter"), lambda value: is_count(value) and value > 0),
    **dict.fromkeys(("signatureKey", "httpAuth"), is_object),
    "events": lambda value: is_object(value) and all(map(_EVENT.fullmatch, value)),
    "eventsPolicy": lambda value: value in ("include", "exclude"),
    "httpHeaders": lambda value: is_object(value) and all(map(is_text, value.values())),
}
_EVENT = re.compile(r"[a-z0-9-]+\.[a-z0-9-]+")  # there is no wildcard


class Webhooks(ObjectType):
    name = "WebHook"
    table = "web_hooks"

    def enabled(self) -> dict[int, JSON]:
        """Every enabled webhook, with its key."""
        documents = {n: json.loads(text) for n, text in self._store.rows("SELECT id, document FROM web_hooks")}
        return {number: document for number, document in documents.items() if document["enable"]}

    def shown(self, call: Call, number: int) -> JSON | None:
        document = self.document(call, number)
        if document is None or "secret" not in document["signatureKey"]:
            return document
        return document | {"signatureKey": document["signatureKey"] | {"secret": passwords.MASK}}

    def create(self, call: Call, value: JSON) -> JSON:
        document = _checked(completed(value, _DEFAULTS, "url"))
        # A random number, as in Stalwart, which cannot be guessed.
        return {"id": ids.encode(self._keep(document["url"], document, secrets.randbits(59)))}

    def update(self, call: Call, number: int, patch: JSON) -> None:
        old = self.document(call, number) or {}
        document = _checked(patched(old, patch))
        if document["signatureKey"].get("secret") == passwords.MASK:
            document["signatureKey"] = old["signatureKey"]
        sql = "UPDATE web_hooks SET name = ?, document = ? WHERE id = ?"
        self._store.run(sql, document["url"], json.dumps(document), number)

    def destroy(self, call: Call, number: int) -> None:
        self._store.run("DELETE FROM web_hooks WHERE id = ?", number)


def _checked(document: JSON) -> JSON:
    for name, value in document.items():
        if not _TYPES.get(name, is_text)(value):
            raise invalid_patch(name)
    _check_url(document["url"])
    match document["signatureKey"]:
        case {"@type": "None"} | {"@type": "Value", "secret": str()}:
            pass
        case {"@type": "EnvironmentVariable" | "File"}:
            raise not_offered("keys of webhooks that are kept elsewhere")
        case _:
            raise no_variant("signatureKey")
    if document["httpAuth"] != {"@type": "Unauthenticated"}:
        raise not_offered("webhooks that log in")
    return document | {"events": {name: True for name, on in document["events"].items() if on}}


def _check_url(text: str) -> None:
    """No data of the trial may leave this machine."""
    try:
        url = httpx2.URL(text)
    except httpx2.InvalidURL:
        raise invalid_patch("url") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise invalid_patch("url")
    if not _is_here(url.host):
        raise not_offered("webhooks to other machines")


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
