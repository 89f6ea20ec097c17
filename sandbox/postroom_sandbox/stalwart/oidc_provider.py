"""`x:OidcProvider`. The stand-in has no OAuth, so its initial values are the strict ones; Stalwart's defaults are the
opposite. It also says how long a login is remembered, by whatever means."""

from typing import ClassVar

from postroom_sandbox.stalwart.errors import invalid_patch
from postroom_sandbox.stalwart.json_value import JSON, is_count
from postroom_sandbox.stalwart.singleton import Singleton


class OidcProvider(Singleton):
    name = "OidcProvider"
    initial: ClassVar[JSON] = {
        "requireClientRegistration": True,
        "anonymousClientRegistration": False,
        "accessTokenExpiry": 3_600_000,
    }
    changeable = frozenset(initial)
    unchangeable = "OAuth"

    @property
    def login_seconds(self) -> float:
        return self.current()["accessTokenExpiry"] / 1000

    def check(self, name: str, value: object) -> None:
        if name == "accessTokenExpiry":
            if not is_count(value) or not value:
                raise invalid_patch(name, "Invalid duration value")
        elif not isinstance(value, bool):
            raise invalid_patch(name)
