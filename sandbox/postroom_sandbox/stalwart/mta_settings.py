"""`x:MtaStageData`: which mail gets an Authentication-Results field. The stand-in stores it and adds none."""

from typing import ClassVar

from postroom_sandbox.stalwart.errors import invalid_patch
from postroom_sandbox.stalwart.json_value import JSON, is_object
from postroom_sandbox.stalwart.singleton import Singleton

ALWAYS_ADDED: dict[str, JSON] = {"addAuthResultsHeader": {"match": {}, "else": "true"}}
"""What Postroom's set-up makes of it."""


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
