"""`x:SystemSettings`: the server's own host name. The stand-in always uses the initial one, whatever is set here."""

from typing import ClassVar

from postroom_sandbox.stalwart import HOSTNAME
from postroom_sandbox.stalwart.errors import invalid_patch
from postroom_sandbox.stalwart.json_value import JSON
from postroom_sandbox.stalwart.singleton import Singleton


class SystemSettings(Singleton):
    name = "SystemSettings"
    initial: ClassVar[JSON] = {"defaultHostname": HOSTNAME}
    changeable = frozenset(initial)
    unchangeable = "other settings of the server"

    def check(self, name: str, value: object) -> None:
        if not isinstance(value, str):
            raise invalid_patch(name)
