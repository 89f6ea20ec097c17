"""A JMAP request (RFC 8620 §3.3): method calls, whose ids are their indexes."""

import json
from collections.abc import Sequence
from typing import Any

CORE = "urn:ietf:params:jmap:core"
MAIL = "urn:ietf:params:jmap:mail"
SUBMISSION = "urn:ietf:params:jmap:submission"

Call = tuple[str, dict[str, Any]]
"""A method and its arguments."""


def body_of(calls: Sequence[Call], capability: str) -> bytes:
    """The request's JSON. `capability` is that of the methods: without it the methods are unknown, and one that the
    server does not have makes the complete request fail."""
    invocations = [[name, arguments, str(index)] for index, (name, arguments) in enumerate(calls)]
    request = {"using": [CORE, capability], "methodCalls": invocations}
    return json.dumps(request, separators=(",", ":")).encode()
