"""The session object (RFC 8620 §2): the server's URLs and limits."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from postroom.jmap import request
from postroom.jmap.errors import Unreadable
from postroom.jmap.url import expand, resolve

MAX_OBJECTS_IN_GET = 500
"""The default if a server names no limit: the lowest that we know of."""


@dataclass(frozen=True, slots=True)
class Session:
    """URLs are absolute."""

    state: str
    api_url: str
    event_source_template: str
    max_objects_in_get: int

    @classmethod
    def read(cls, content: Mapping[str, Any], *, url: str) -> "Session":
        """`url` is where it was found, after redirects. Raises `Unreadable`."""
        api, events = (resolve(_text(content, name), url) for name in ("apiUrl", "eventSourceUrl"))
        match content.get("capabilities"):
            case {request.CORE: {"maxObjectsInGet": int(most)}} if most > 0:
                pass
            case _:
                most = MAX_OBJECTS_IN_GET
        return cls(str(content.get("state", "")), expand(api, {}), events, most)

    def event_source_url(self, types: str, *, ping: int) -> str:
        return expand(self.event_source_template, {"types": types, "closeafter": "no", "ping": str(ping)})


def _text(content: Mapping[str, Any], name: str) -> str:
    found = content.get(name)
    if not isinstance(found, str):
        raise Unreadable(f"mail server's session cannot be read ({name})")
    return found
