"""The routes of the gateway (RFC 8620 §2, §3, §6, §7.3).

Each endpoint is an ASGI application of its own, so that it releases what it holds (a slot, the mail server's response)
in the same block that acquired it, whatever happens to the client.
"""

import asyncio
import json
import re
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from datetime import datetime
from functools import partial
from urllib.parse import quote

from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from postroom.domain import person
from postroom.errors import PostroomError
from postroom.gateway import download, event_source_filter, rules, session_object
from postroom.gateway.account_cache import AccountCache
from postroom.gateway.admission import Admission, Admitted
from postroom.gateway.client_connection import ClientConnection, first_of
from postroom.gateway.divided_request import DividedRequest
from postroom.gateway.in_flight import InFlight
from postroom.gateway.limits import GatewayLimits
from postroom.gateway.methods import BLOB, CORE
from postroom.gateway.own_account import OwnAccount
from postroom.gateway.problems import jmap_problem, mailbox_not_ready, not_found, unusable
from postroom.gateway.response_splicer import ResponseSplicer
from postroom.gateway.upstream import NO_CONTENT, Upstream, UpstreamRequest, UpstreamResponse
from postroom.http.json_object import json_object
from postroom.http.problems import Problem, plain_problem, problem, problem_of
from postroom.mailboxes.ports import MailAccount, MailAccounts
from postroom.people.people import require_scope
from postroom.people.ports import People
from postroom.process.telemetry import log

JSON = "application/json"
EVENTS = "text/event-stream"
NO_STORE = {"Cache-Control": "no-cache, no-store, must-revalidate"}  # RFC 8620 §2
_HOST = re.compile(r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_LANGUAGES = re.compile(r"[A-Za-z0-9,;=.* -]{1,200}")
_MAX_SMALL = 1_000_000
_BIG_BODY = 64 * 1024

Serve = Callable[[ClientConnection, Admitted], Awaitable[None]]


def gateway_routes(
    people: People,
    accounts: MailAccounts,
    upstream: Upstream,
    *,
    now: Callable[[], datetime],
    monotonic: Callable[[], float] = time.monotonic,
    verify: Callable[[MailAccount], Awaitable[None]],
    limits: GatewayLimits | None = None,
    public_url: str | None = None,
    authserv_id: str | None = None,
    session_path: str = "/jmap/session",
    stopping: asyncio.Event | None = None,
) -> list[Route]:
    """`public_url` is Postroom's base URL for clients (None: that of each request), `now` the wall clock, `monotonic`
    a monotonic clock, `verify` that of `OwnAccount`. `session_path` is the mail server's: by default Stalwart's; Cyrus
    has `/jmap/`. `authserv_id` is the setting of that name. `stopping` ends event streams."""
    limits = limits or GatewayLimits()
    remembered = AccountCache(accounts, monotonic=monotonic)

    async def verify_and_forget(account: MailAccount) -> None:
        remembered.forget(account.identity_id)
        await verify(account)

    admission = Admission(people, remembered, recheck_seconds=limits.recheck_seconds, now=now, monotonic=monotonic)
    gateway = Gateway(
        admission,
        OwnAccount(upstream, session_path, monotonic=monotonic, verify=verify_and_forget),
        limits=limits,
        public_url=public_url,
        authserv_id=authserv_id,
        stopping=stopping or asyncio.Event(),
    )

    def route(path: str, method: str, serve: Serve) -> Route:
        endpoint = _Endpoint(path, admission, serve, stall_seconds=limits.stall_seconds)
        made = Route(path, endpoint, methods=[method], name=f"jmap {path}")
        # Without HEAD, which Starlette adds: JMAP has none, and a stream cannot use it.
        made.methods = {method}
        return made

    return [
        Route("/.well-known/jmap", _well_known),
        route("/jmap/session", "GET", gateway.session),
        route("/jmap/", "POST", gateway.api),
        route("/jmap", "POST", gateway.api),
        route("/jmap/upload/{account_id}/", "POST", gateway.upload),
        route("/jmap/download/{account_id}/{blob_id}/{name:path}", "GET", gateway.download),
        route("/jmap/eventsource/", "GET", gateway.events),
    ]


class Gateway:
    """The endpoints, for a person who was admitted. All of them raise `Problem`."""

    def __init__(
        self,
        admission: Admission,
        own_account: OwnAccount,
        *,
        limits: GatewayLimits,
        public_url: str | None,
        authserv_id: str | None,
        stopping: asyncio.Event,
    ) -> None:
        self._admission = admission
        self._own_account = own_account
        self._limits = limits
        self._public_url = public_url.rstrip("/") if public_url else None
        self._authserv_id = authserv_id
        self._stopping = stopping
        queue = partial(InFlight, waiting=limits.waiting, seconds=limits.queue_seconds)
        self._requests = queue(limits.concurrent_requests, "maxConcurrentRequests")
        self._uploads = queue(limits.concurrent_uploads, "maxConcurrentUpload")
        self._downloads = queue(limits.concurrent_downloads, "maxConcurrentRequests")
        self._streams = InFlight(limits.event_streams, "maxConcurrentRequests", waiting=0, seconds=1)

    async def session(self, client: ClientConnection, admitted: Admitted) -> None:
        base_url = self._public_url or _base_url(client.request)
        async with self._requests.slot(admitted.account_id):
            theirs = await self._own_account.session(admitted.account)
        session = session_object.rewrite(
            theirs,
            base_url=base_url,
            account=admitted.account,
            scopes=admitted.person.scopes,
            limits=self._limits,
            authserv_id=self._authserv_id,
        )
        body = json.dumps(session, separators=(",", ":")).encode()
        await client.respond(200, {"Content-Type": JSON, **NO_STORE}, body)

    async def api(self, client: ClientConnection, admitted: Admitted) -> None:
        # RFC 8620 §3.6.1. A form on another site cannot send this type, either.
        if download.essence(client.request.headers.get("content-type", "")) != JSON:
            raise jmap_problem("notJSON", f"the content type is not {JSON}")
        limits = self._limits
        body = client.body(limits.max_size_request, "maxSizeRequest", within=limits.body_seconds)
        # The slot first: the bodies of waiting requests stay in their sockets.
        async with self._requests.slot(admitted.account_id), aclosing(body):
            checked = await self._checked(b"".join([chunk async for chunk in body]), admitted)
            send = partial(self._call, admitted, _languages(client.request))
            headers, splicer = {"Content-Type": JSON, **NO_STORE}, ResponseSplicer(checked.refused)
            if checked.sending:
                most = await self._own_account.limit(admitted.account, "maxCallsInRequest", limits.max_calls_in_request)
                divided = DividedRequest(
                    checked.sending,
                    checked.refused,
                    login=admitted.account.email,
                    max_calls=most,
                    has_blobs=await self._own_account.has(admitted.account, BLOB),
                )
                async with aclosing(divided.response(send)) as pieces:
                    await client.relay(200, headers, splicer.splice(pieces))
                return
            async with send(checked.body) as response:
                if checked.refused:
                    await client.relay(200, headers, splicer.splice(response))
                else:
                    await client.relay(200, headers | _length_of(response), response)

    @asynccontextmanager
    async def _call(
        self, admitted: Admitted, languages: dict[str, str], body: bytes
    ) -> AsyncGenerator[UpstreamResponse]:
        """The mail server's response to a JMAP request."""
        headers = {"Content-Type": JSON, "Accept": JSON, **languages}
        request = UpstreamRequest("POST", "/jmap/", headers, body)
        async with self._own_account.send(admitted.account, request) as response:
            _require_type(response, JSON)
            yield response

    async def upload(self, client: ClientConnection, admitted: Admitted) -> None:
        require_scope(admitted.person, person.Scope.WRITE)
        if client.request.path_params["account_id"] != admitted.account_id:
            raise not_found()
        stated, limits = client.request.headers, self._limits
        headers = {"Content-Type": download.media_type(stated.get("content-type")), "Accept": JSON}
        length = int(text) if (text := stated.get("content-length", "")).isdigit() else None
        target = f"/jmap/upload/{quote(admitted.account_id, safe='')}/"
        async with self._uploads.slot(admitted.account_id):
            # The mail server would tell its own limit, too, but only after the client has sent as much.
            at_most = await self._own_account.limit(admitted.account, "maxSizeUpload", limits.max_size_upload)
            async with aclosing(client.body(at_most, "maxSizeUpload", within=limits.upload_seconds)) as body:
                if length is not None and length <= limits.buffered_upload:
                    request = UpstreamRequest("POST", target, headers, b"".join([chunk async for chunk in body]))
                else:
                    stated_length = {} if length is None else {"Content-Length": str(length)}
                    request = UpstreamRequest("POST", target, headers | stated_length, body)
                async with self._own_account.send(admitted.account, request) as response:
                    _require_type(response, JSON)
                    found = await response.read(_MAX_SMALL)
                    await client.respond(response.status, {"Content-Type": JSON, **NO_STORE}, found)

    async def download(self, client: ClientConnection, admitted: Admitted) -> None:
        require_scope(admitted.person, person.Scope.READ)
        asked, query = client.request.path_params, client.request.query_params
        if asked["account_id"] != admitted.account_id or not download.is_blob_id(asked["blob_id"]):
            raise not_found()
        if download.taken_as_code(client.request.headers.get("sec-fetch-dest")):
            detail = "a blob can be saved or shown, but not used as a script, style, worker or plugin"
            raise problem("not_as_code", detail)
        path = download.path_of(admitted.account_id, asked["blob_id"])
        accept = quote(download.inert_type(query.get("accept")), safe="")
        request = UpstreamRequest("GET", f"{path}?accept={accept}", {"Accept": "*/*"}, blob=True)
        async with self._downloads.slot(admitted.account_id):
            if download.looks_like_a_scan(path):
                await self._require_blob(admitted, asked["blob_id"])
            async with self._own_account.send(admitted.account, request) as response:
                inline = query.get("disposition") == "inline"
                headers = download.headers_of(response.content_type, asked["name"], inline=inline)
                await first_of(
                    client.relay(200, headers | _length_of(response), response), client.wait_for_disconnect()
                )

    async def events(self, client: ClientConnection, admitted: Admitted) -> None:
        require_scope(admitted.person, person.Scope.READ)
        query, ping = event_source_filter.query_of(client.request.query_params)
        headers = {"Accept": EVENTS}
        if last := event_source_filter.last_event_id(client.request.headers.get("last-event-id")):
            headers["Last-Event-ID"] = last
        request = UpstreamRequest(
            "GET", f"/jmap/eventsource/?{query}", headers, silence_seconds=event_source_filter.silence(ping)
        )
        async with self._streams.slot(admitted.account_id):
            # Also before there is a response, which may never come: the client may leave, or the service stop.
            await first_of(
                self._listen(client, admitted, request),
                self._admission.wait_until_ended(client, admitted),
                _disconnected(client),
                self._stopping.wait(),
            )
            if client.started:
                await client.push(b"", more=False)
            elif self._stopping.is_set():
                raise problem("stopping", "the service is stopping; try again in a moment")
            else:
                await self._admission.admit(client)  # raises the reason why the person's access has ended
                raise mailbox_not_ready()  # the person has another account by now

    async def _listen(self, client: ClientConnection, admitted: Admitted, request: UpstreamRequest) -> None:
        async with self._own_account.send(admitted.account, request) as response:
            if response.status == NO_CONTENT:
                # A browser's EventSource reconnects after every other response. Cyrus 3.6 has no events.
                await client.start(NO_CONTENT, NO_STORE)
                return
            _require_type(response, EVENTS)
            await client.start(200, {"Content-Type": EVENTS, "X-Accel-Buffering": "no", **NO_STORE})
            await _relay_events(response, client, event_source_filter.AccountEventFilter(admitted.account_id))

    async def _require_blob(self, admitted: Admitted, blob_id: str) -> None:
        """Raise `Problem` unless the blob exists, by a call of the API, which needs no suspicious path."""
        get = ["Blob/get", {"accountId": admitted.account_id, "ids": [blob_id], "properties": ["size"]}, "0"]
        body = json.dumps({"using": [CORE, BLOB], "methodCalls": [get]}).encode()
        request = UpstreamRequest("POST", "/jmap/", {"Content-Type": JSON, "Accept": JSON}, body)
        async with self._own_account.send(admitted.account, request) as response:
            found = json_object(await response.read(_MAX_SMALL))
        match found.get("methodResponses"):
            case [["Blob/get", {"list": [{"id": str(there)}]}, "0"]] if there == blob_id:
                return
            case _:
                raise not_found()

    async def _checked(self, raw: bytes, admitted: Admitted) -> rules.Checked:
        arguments = (raw, admitted.account_id, admitted.person.scopes, self._limits.max_calls_in_request)
        if len(raw) < _BIG_BODY:
            return rules.check(*arguments)
        # Parsing megabytes of JSON would block all other requests.
        return await asyncio.to_thread(rules.check, *arguments)


class _Endpoint:
    """Admits a person, serves the request, and reports errors as problems. `path` is the route's, for the log."""

    def __init__(self, path: str, admission: Admission, serve: Serve, *, stall_seconds: float) -> None:
        self._path = path
        self._admission = admission
        self._serve = serve
        self._stall_seconds = stall_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = ClientConnection(scope, receive, send, stall_seconds=self._stall_seconds)
        try:
            await self._serve(client, await self._admission.admit(client))
        except ClientDisconnect:
            return
        except PostroomError as error:
            found = problem_of(error)
            if found.is_failure:
                self._log_failure(error)
            await client.send_problem(found)

    def _log_failure(self, error: PostroomError) -> None:
        kind = error.code if isinstance(error, Problem) else type(error).__name__
        log.warning("Could not serve a JMAP request", path=self._path, kind=kind, error=str(error))


async def _well_known(_request: Request) -> RedirectResponse:
    """RFC 8620 §2.2. A relative redirect works behind any name and proxy."""
    return RedirectResponse("/jmap/session", status_code=307)


async def _disconnected(client: ClientConnection) -> None:
    """Raise `ClientDisconnect` once the client has disconnected: no response can reach it."""
    await client.wait_for_disconnect()
    raise ClientDisconnect


async def _relay_events(
    response: UpstreamResponse, client: ClientConnection, events: event_source_filter.AccountEventFilter
) -> None:
    async for chunk in response:
        if kept := events.feed(chunk):
            await client.push(kept)


def _base_url(request: Request) -> str:
    host = request.headers.get("host", "")
    if not _HOST.fullmatch(host):
        raise plain_problem(400, "the Host header does not name a host")
    return f"{request.url.scheme}://{host}"


def _languages(request: Request) -> dict[str, str]:
    stated = request.headers.get("accept-language", "")
    return {"Accept-Language": stated} if _LANGUAGES.fullmatch(stated) else {}


def _require_type(response: UpstreamResponse, content_type: str) -> None:
    if download.essence(response.content_type or "") != content_type:
        raise unusable()


def _length_of(response: UpstreamResponse) -> dict[str, str]:
    return {"Content-Length": response.content_length} if response.content_length else {}
