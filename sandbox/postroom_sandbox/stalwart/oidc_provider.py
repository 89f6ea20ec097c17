"""`x:OidcProvider`. The stand-in has no OAuth, so its initial values are the strict ones; Stalwart's defaults are the
opposite."""

from typing import ClassVar

from postroom_sandbox.stalwart.errors import invalid_patch
from postroom_sandbox.stalwart.json_value import JSON
from postroom_sandbox.stalwart.singleton import Singleton


class OidcProvider(Singleton):
    name = "OidcProvider"
    initial: ClassVar[JSON] = {"requireClientRegistration": True, "anonymousClientRegistration": False}
    changeable = frozenset(initial)
    unchangeable = "OAuth"

    def check(self, name: str, value: object) -> None:
        if not isinstance(value, bool):
            raise invalid_patch(name)
