"""`x:MtaStageData`: which mail gets an Authentication-Results field. `x:SieveUserInterpreter`: what people's scripts
may not do. The stand-in stores both; it adds no field, and runs no script."""

from typing import ClassVar

from postroom_sandbox.stalwart.errors import invalid_patch
from postroom_sandbox.stalwart.json_value import JSON, is_object
from postroom_sandbox.stalwart.session_object import SIEVE_EXTENSIONS
from postroom_sandbox.stalwart.singleton import Singleton

ALWAYS_ADDED: dict[str, JSON] = {"addAuthResultsHeader": {"match": {}, "else": "true"}}
"""What Postroom's set-up makes of the one."""
FORGING_DISABLED: dict[str, JSON] = {"disableCapabilities": {"editheader": True, "enclose": True, "replace": True}}
"""What it makes of the other."""


class MtaStageData(Singleton):
    name = "MtaStageData"
    initial: ClassVar[JSON] = {
        "addAuthResultsHeader": {"match": {"0": {"if": "local_port == 25", "then": "true"}}, "else": "false"}
    }
    changeable = frozenset({"addAuthResultsHeader"})
    unchangeable = "other settings of incoming mail"

    def check(self, name: str, value: object) -> None:
        if not is_object(value) or value.keys() != {"match", "else"}:
            raise invalid_patch(name, "Invalid value for object property")


class SieveUserInterpreter(Singleton):
    name = "SieveUserInterpreter"
    initial: ClassVar[JSON] = {"disableCapabilities": {}}
    changeable = frozenset({"disableCapabilities"})
    unchangeable = "other settings of people's scripts"

    def check(self, name: str, value: object) -> None:
        if not is_object(value) or any(not isinstance(each, bool) for each in value.values()):
            raise invalid_patch(name, "Invalid value for object property")
        if value.keys() - SIEVE_EXTENSIONS:
            raise invalid_patch(name, "Invalid key for object property")
