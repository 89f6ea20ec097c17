"""Requests that match the OpenAPI description, or nearly do, get the described responses, and no 5xx."""

import hmac
import json
import socket
from base64 import b64encode
from collections import defaultdict
from collections.abc import AsyncGenerator, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx2
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi import checks

from mail_person import message
from newcomer import PASSWORD, newcomer
from postroom.gateway.methods import CAPABILITIES, METHODS
from postroom.stalwart.webhook import PATH as STALWART_HOOK
from trial import Trial, running_trial

DESCRIPTION: dict[str, Any] = json.loads((Path(__file__).parents[2] / "docs/openapi.json").read_text())

# The account of the first person of a trial, and the blob of `message()`.
ACCOUNT, BLOB = "d", "e7gnsjfpcshs3cwnv7ohomluihbbj2pp0yufzn3drbuuiqyhkzexa"

TEXT, OBJECT = {"type": "string"}, {"type": "object"}
CALL = {
    "type": "array",
    "prefixItems": [
        {"enum": [*METHODS, "PushSubscription/set", "x:Account/get"]},
        {
            "type": "object",
            "properties": {
                "accountId": {"enum": [ACCOUNT]},
                "ids": {"type": ["array", "null"], "items": TEXT},
                **dict.fromkeys(("create", "update", "filter"), OBJECT),
            },
            "required": ["accountId"],
        },
        TEXT,
    ],
    "items": False,
    "minItems": 3,
}
REQUEST = {
    "type": "object",
    "properties": {
        "using": {"type": "array", "items": {"enum": sorted(CAPABILITIES)}},
        "methodCalls": {"type": "array", "items": CALL, "maxItems": 4},
        "createdIds": {"type": "object", "additionalProperties": TEXT},
    },
    "required": ["using", "methodCalls"],
}
JSON, STREAM = "application/json", "text/event-stream"


def jmap(path: str, method: str, answer: str, body: Any = None, kind: str = JSON, **parameters: Any) -> dict[str, Any]:
    """An OpenAPI description of what a client learns from RFC 8620 and the session object. `parameters` that are not in
    the path are in the query."""
    where = {name: "path" if f"{{{name}}}" in path else "query" for name in parameters}
    described: dict[str, Any] = {
        "parameters": [
            {"name": name, "in": where[name], "required": where[name] == "path", "schema": schema}
            for name, schema in parameters.items()
        ],
        "responses": {
            "2XX": {"description": "", "content": {answer: {}}},
            "307": {"description": ""},
            "4XX": {"description": "", "content": {"application/problem+json": {"schema": OBJECT}}},
        },
    }
    if body:
        described["requestBody"] = {"required": True, "content": {kind: {"schema": body}}}
    return {path: {method: described}}


OWN, BLOBS, TYPES = {"enum": [ACCOUNT, "c", "."]}, {"enum": [BLOB, "x", "."]}, {"enum": ["*", "Email", "x\n", ""]}
JMAP = {
    **jmap("/.well-known/jmap", "get", JSON),
    **jmap("/jmap/session", "get", JSON),
    **jmap("/jmap/", "post", JSON, REQUEST),
    **jmap("/jmap/upload/{account_id}/", "post", JSON, TEXT, "text/plain", account_id=OWN),
    **jmap(
        "/jmap/download/{account_id}/{blob_id}/{name}",
        "get",
        "application/octet-stream",
        account_id=OWN,
        blob_id=BLOBS,
        name=TEXT,
        accept=TEXT,
        disposition=TEXT,
    ),
    **jmap("/jmap/eventsource/", "get", STREAM, types=TYPES, closeafter=TEXT, ping={"type": "integer"}),
}
DESCRIBED = (
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.unsupported_method,
    checks.allow_header_conformance,
)
STREAMS = ("/api/live", "/jmap/eventsource/")
HOOKS = ("/internal/mail/provision", STALWART_HOOK)
SLOW = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.large_base_example]
REFUSED = (400, 401, 403, 405, 415)

PATHS: dict[str, Any] = DESCRIPTION["paths"] | JMAP
schema = schemathesis.openapi.from_dict(DESCRIPTION | {"paths": PATHS})


@pytest.fixture(scope="module")
async def up(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Trial]:
    """Whatever the tests send, the log of the service must contain no error."""
    async with running_trial(tmp_path_factory.mktemp("trial")) as started:
        yield started
        log = (started.folder / ".postroom/logs/service.log").read_text()
        assert [line for line in log.splitlines() if "[error" in line or "Traceback" in line] == []


Credentials = Mapping[str, Mapping[str, str]]


@pytest.fixture(scope="module")
async def credentials(up: Trial) -> AsyncGenerator[Credentials]:
    """Headers by the kind of credential, all of one person, who has a mailbox."""
    kratos, url = up.environment["POSTROOM_KRATOS_PUBLIC_URL"], up.environment["POSTROOM_URL"]
    async with newcomer(up.environment, "ann") as ann, httpx2.AsyncClient(trust_env=False) as program:
        person = await ann.mail()
        assert (person.account, (await person.upload(message()))["blobId"]) == (ACCOUNT, BLOB)
        wanted = {"name": "A program", "scopes": ["read", "write", "send"]}
        made = (await ann.http.post("/api/access-tokens", json=wanted)).raise_for_status().json()
        flow = (await program.get(f"{kratos}/self-service/login/api")).raise_for_status().json()
        form = {"method": "password", "identifier": ann.email, "password": PASSWORD}
        session = (await program.post(flow["ui"]["action"], json=form)).raise_for_status().json()
        yield {
            "nobody": {},
            "cookie": {"Cookie": f"ory_kratos_session={ann.http.cookies['ory_kratos_session']}", "Origin": url},
            "session token": {"X-Session-Token": session["session_token"]},
            "access token": {"Authorization": f"Bearer {made['token']}"},
        }


@pytest.fixture(scope="module")
def reported() -> Iterator[dict[str, set[int]]]:
    """The statuses of each operation. At least one must concern more than the credential or the form of the request."""
    reported = defaultdict[str, set[int]](set)
    yield reported
    assert [operation for operation, statuses in reported.items() if statuses.issubset(REFUSED)] == []


def headers_of(case: schemathesis.Case, credentials: Credentials, environment: Mapping[str, str]) -> list[Any]:
    """The headers for a case: one set for each kind of credential that may matter."""
    if case.method.lower() not in PATHS[case.path]:
        return [credentials["cookie"]]
    if case.path not in HOOKS:
        return list(credentials.values()) if case.path.startswith(("/api/", "/jmap/")) else [{}]
    if case.path != STALWART_HOOK:
        return [{}, {"X-Postroom-Key": environment["POSTROOM_WEBHOOK_KEY"]}]
    body = requests.Request(**case.as_transport_kwargs(base_url="http://h")).prepare().body
    raw = body if isinstance(body, bytes) else str(body or "").encode()
    signature = hmac.digest(environment["POSTROOM_STALWART_WEBHOOK_KEY"].encode(), raw, "sha256")
    return [{}, {"X-Signature": b64encode(signature).decode()}]


@schema.parametrize()
@settings(max_examples=5, deadline=None, suppress_health_check=SLOW)
def test_service_conforms_to_its_openapi_description(
    up: Trial, credentials: Credentials, reported: dict[str, set[int]], case: schemathesis.Case
) -> None:
    """With valid and invalid cases: an operation must refuse invalid data and unknown methods."""
    asked = [*DESCRIBED]
    if case.path not in (STALWART_HOOK, *JMAP):  # these routes accept and answer requests that they cannot parse
        asked.append(checks.negative_data_rejection)
    for headers in headers_of(case, credentials, up.environment):
        answer = case.call(
            base_url=up.environment["POSTROOM_URL"],
            headers=dict(headers),
            timeout=0.3 if case.path in STREAMS else 20,
            allow_redirects=False,
        )
        reported[case.operation.label].add(answer.status_code)
        assert answer.status_code < 500, answer.text
        case.validate_response(answer, checks=asked)


READ = (
    *("Host", "Cookie", "Origin", "Authorization", "X-Session-Token", "X-Postroom-Key", "X-Signature", "Accept"),
    *("Sec-Fetch-Site", "Sec-Fetch-Mode", "Sec-Fetch-Dest", "Content-Type", "Accept-Language", "Last-Event-ID"),
    *("traceparent", "Forwarded", "Expect", "Connection", "Upgrade", "Range", "If-None-Match", "Content-Encoding"),
)
BYTES = st.binary(max_size=30)
TARGETS = st.sampled_from([path.replace("{account_id}", ACCOUNT) for path in PATHS])


@given(
    method=st.sampled_from([b"GET", b"POST", b"DELETE", b"HEAD", b"OPTIONS", b"PATCH", b"QUERY", b"x"]),
    target=st.tuples(TARGETS.map(str.encode), st.sampled_from([b"", b"/", b"?types=", b"?emailaddress="]), BYTES),
    fields=st.lists(st.tuples(st.sampled_from(READ), BYTES), max_size=3),
    credential=st.sampled_from(["nobody", "cookie", "session token", "access token"]),
    body=st.none() | BYTES,
)
@settings(max_examples=300, deadline=None, suppress_health_check=SLOW)
def test_no_request_bytes_cause_a_5xx(
    up: Trial,
    credentials: Credentials,
    method: bytes,
    target: tuple[bytes, ...],
    fields: list[tuple[str, bytes]],
    credential: str,
    body: bytes | None,
) -> None:
    lines = [b"%s %s HTTP/1.1" % (method, b"".join(target).replace(b" ", b"+"))]
    lines += [b"%s: %s" % (name.encode(), value) for name, value in fields]
    lines += [f"{name}: {value}".encode() for name, value in credentials[credential].items()]
    lines += [b"Content-Type: application/json", b"Content-Length: %d" % len(body)] if body is not None else []
    with socket.create_connection(("127.0.0.1", up.port), timeout=20) as client:
        client.sendall(b"\r\n".join([*lines, b"", body or b""]) + b"\r\n")
        assert client.recv(12)[9:10] in (b"2", b"3", b"4", b""), "the service responds or closes the connection"
