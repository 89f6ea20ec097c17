"""`x:OidcProvider`. This stand-in has no OAuth, so it begins with what leaves nothing open; the server's own defaults
are the other way round."""

from typing import ClassVar

from postroom_sandbox.stalwart.errors import invalid_patch
from postroom_sandbox.stalwart.json_value import JSON
from postroom_sandbox.stalwart.singleton import Singleton


class OidcProvider(Singleton):
    name = "OidcProvider"
    beginning: ClassVar[JSON] = {"requireClientRegistration": True, "anonymousClientRegistration": False}
    changeable = frozenset(beginning)
    what = "OAuth"

    def check(self, name: str, value: object) -> None:
        if not isinstance(value, bool):
            raise invalid_patch(name)
