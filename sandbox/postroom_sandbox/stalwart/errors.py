"""Errors at the three levels of JMAP: the HTTP request, one method call, one object of a /set."""

from typing import Any

from postroom_sandbox.stalwart.json_value import JSON

_LIMITS = {
    "maxCallsInRequest": "The request exceeds the maximum number of calls in a single request.",
    "maxConcurrentRequests": "The request exceeds the maximum number of concurrent requests.",
    "maxConcurrentUpload": "The request exceeds the maximum number of concurrent uploads.",
    "maxSizeUpload": "The upload is larger than the server is willing to process.",
    "maxSizeRequest": "The request is larger than the server is willing to process.",
}
_TITLES = {
    400: ("Invalid parameters", "One or multiple parameters could not be parsed."),
    401: ("Unauthorized", "You have to authenticate first."),
    403: ("Forbidden", "You do not have enough permissions to access this resource."),
    404: ("Not Found", "The requested resource does not exist on this server."),
    429: ("Too Many Requests", "Your request has been rate limited. Please try again later."),
    500: ("Internal Server Error", "There was a problem while processing your request."),
    503: ("Service Unavailable", "This server is temporarily unavailable."),
}
_CHALLENGES = [
    (
        "WWW-Authenticate",
        'Bearer realm="Stalwart Server", resource_metadata="/.well-known/oauth-protected-resource"',
    ),
    ("WWW-Authenticate", 'Basic realm="Stalwart Server"'),
]


class ProblemError(Exception):
    """A response of type `application/problem+json` to the whole request (RFC 8620 §3.6.1).

    With `closes`, the server closes the connection after it, without announcing it in a header.
    """

    closes = False

    def __init__(self, status: int, body: JSON, headers: list[tuple[str, str]]) -> None:
        super().__init__(body["detail"])
        self.status = status
        self.body = {"status": status} | body
        self.headers = headers


def http_problem(status: int, *headers: tuple[str, str]) -> ProblemError:
    title, detail = _TITLES[status]
    challenges = _CHALLENGES if status == 401 else []
    return ProblemError(status, {"type": "about:blank", "title": title, "detail": detail}, [*headers, *challenges])


def jmap_problem(kind: str, detail: str, **extra: str) -> ProblemError:
    return ProblemError(400, {"type": f"urn:ietf:params:jmap:error:{kind}", "detail": detail} | extra, [])


def limit_problem(limit: str) -> ProblemError:
    return jmap_problem("limit", _LIMITS[limit], limit=limit)


def crowded_problem(limit: str = "maxConcurrentRequests") -> ProblemError:
    """Too many concurrent requests or uploads of one account: status 400, not 429."""
    problem = limit_problem(limit)
    name = "concurrent-uploads" if limit == "maxConcurrentUpload" else "concurrent-requests"
    problem.headers = [("RateLimit-Policy", f'"{name}";q=4;qu="{name}"'), ("RateLimit", f'"{name}";r=0')]
    problem.closes = True
    return problem


def upload_quota_problem(files: int, size: int, seconds: int) -> ProblemError:
    """The account has reached its upload quota for the hour."""
    problem = http_problem(429, ("Retry-After", str(seconds)))
    detail = f"You have exceeded the blob upload quota of {files} files or {size} bytes."
    problem.body |= {"title": "Quota exceeded", "detail": detail}
    files_policy = f'"blob-upload-files";q={files}'
    problem.headers += [
        ("RateLimit-Policy", f'{files_policy}, "blob-upload-bytes";q={size};qu="content-bytes"'),
        ("RateLimit", f'"blob-upload-files";r=0;t={seconds}, "blob-upload-bytes";r=0;t={seconds}'),
    ]
    problem.closes = True
    return problem


class MethodError(Exception):
    """Refuses one method call. Earlier calls keep their effect (RFC 8620 §3.6.2)."""

    def __init__(self, kind: str, description: str) -> None:
        super().__init__(description)
        self.body = {"type": kind, "description": description}


def server_unavailable() -> MethodError:
    """Stalwart's response to unexpected conditions, such as a role that does not exist."""
    description = "This server is temporarily unavailable. Attempting this same operation later may succeed."
    return MethodError("serverUnavailable", description)


class SetError(Exception):
    """Refuses one object of a /set (RFC 8620 §5.3)."""

    def __init__(self, kind: str, description: str | None = None, **extra: Any) -> None:
        super().__init__(description or kind)
        self.body: JSON = {"type": kind} | ({"description": description} if description else {}) | extra


def invalid_patch(name: str, description: str = "Invalid value for property.") -> SetError:
    return SetError("invalidPatch", description, properties=[name])


def unknown_property(name: str = "") -> SetError:
    return invalid_patch(name, "Invalid key for object")


def server_set(name: str) -> SetError:
    return invalid_patch(name, "Cannot modify server set property")


def no_variant(name: str) -> SetError:
    return invalid_patch(name, "Missing or invalid '@type' property in object")


def required(*names: str) -> SetError:
    return SetError("validationFailed", validationErrors=[{"type": "Required", "property": name} for name in names])


def violation(name: str, kind: str, holder: str) -> SetError:
    """The key is in use; the error names the object that has it."""
    return SetError("primaryKeyViolation", properties=[name], objectId={"object": kind, "id": holder})


def invalid_reference(description: str) -> MethodError:
    return MethodError("invalidResultReference", description)


def linked(kind: str, text: str, links: list[JSON]) -> SetError:
    return SetError("objectIsLinked", objectId={"object": kind, "id": text}, linkedObjects=links)


def not_offered(what: str) -> SetError:
    """For features of Stalwart that the stand-in lacks: it never accepts them silently."""
    return SetError("forbidden", f"The stand-in for Stalwart does not offer {what}.")
