"""The behaviour of a real Centrifugo that we rely on, with the configuration that we ship, tested with its own
client."""

import subprocess
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import jwt
import pytest
import pytest_asyncio
from centrifuge import Client

from centrifugo_browser import browser, token_for
from centrifugo_servers import CONFIG, ORIGIN, CentrifugoServer, centrifugo
from eventually import eventually
from postroom.arrivals.ports import LiveEvent
from postroom.errors import PublisherUnavailable
from postroom.realtime.centrifugo import Centrifugo, channel_of
from relay import relay_to
from tests.go_programs import CENTRIFUGO


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[CentrifugoServer]:
    async with centrifugo(tmp_path_factory.mktemp("centrifugo")) as server:
        yield server


@pytest.fixture
async def publisher(server: CentrifugoServer) -> AsyncIterator[Centrifugo]:
    found = Centrifugo(server.api_url, server.api_key)
    yield found
    await found.aclose()


def event(identity_id: UUID, kind: str = "mail", **data: Any) -> LiveEvent:
    return LiveEvent(uuid4().int >> 66, identity_id, kind, data)


def test_shipped_centrifugo_configuration_has_no_unknown_key_and_no_secret() -> None:
    program = CENTRIFUGO.found_or_skipped()
    checked = subprocess.run(
        [program, "checkconfig", "--strict", "-c", CONFIG], capture_output=True, text=True, check=False, timeout=30
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "key:" not in "".join(line for line in CONFIG.read_text().splitlines() if not line.startswith("#"))


async def test_its_nodes_are_counted_and_a_wrong_key_is_reported(
    server: CentrifugoServer, publisher: Centrifugo
) -> None:
    assert await publisher.nodes() >= 1
    other = Centrifugo(server.api_url, "another-key-0123456789")
    with pytest.raises(PublisherUnavailable, match="refuses our key") as refused:
        await other.nodes()
    assert "POSTROOM_CENTRIFUGO_API_KEY" in refused.value.fix
    await other.aclose()


async def test_a_centrifugo_without_our_namespace_is_reported(tmp_path: Path) -> None:
    bare = tmp_path / "config.yaml"
    bare.write_text(CONFIG.read_text().replace("name: mail", "name: post"))
    async with centrifugo(tmp_path, own=True, config=bare) as server:
        publisher = Centrifugo(server.api_url, server.api_key)
        with pytest.raises(PublisherUnavailable, match="unknown channel"):
            await publisher.nodes()
        await publisher.aclose()


async def test_published_event_reaches_the_browser_of_the_person_once(
    server: CentrifugoServer, publisher: Centrifugo
) -> None:
    alice = uuid4()
    async with browser(server, token_for(server, alice), channel_of(alice)) as seen:
        await eventually(lambda: seen.subscribed, "subscribed")
        first, second = event(alice, emailIds=["M1"]), event(alice, "settings", etag='"x"')
        assert await publisher.publish([first]) == []
        assert await publisher.publish([first, second]) == []
        await eventually(lambda: len(seen.received) >= 2, "reported")
    assert seen.received == [
        {"id": first.id, "type": "mail", "data": {"emailIds": ["M1"]}},
        {"id": second.id, "type": "settings", "data": {"etag": '"x"'}},
    ]


async def test_events_published_during_a_connection_loss_are_recovered(
    server: CentrifugoServer, publisher: Centrifugo
) -> None:
    alice = uuid4()
    port = urlsplit(server.url).port
    assert port
    async with relay_to(port) as relay:
        url = f"ws://127.0.0.1:{relay.port}/connection/websocket"
        async with browser(server, token_for(server, alice), channel_of(alice), url=url) as seen:
            await eventually(lambda: seen.subscribed, "subscribed")
            before = event(alice)
            await publisher.publish([before])
            await eventually(lambda: seen.received, "reported")
            await relay.stop()
            await eventually(lambda: seen.states[-1][0] == "connecting", "the client has noticed the lost connection")
            missed = [event(alice) for _ in range(20)]
            await publisher.publish(missed)
            await relay.start()
            await eventually(lambda: len(seen.received) == 21, "recovered")
            assert [reported["id"] for reported in seen.received] == [each.id for each in [before, *missed]]
            assert seen.subscribed[-1].recovered


async def test_subscription_to_a_foreign_channel_is_rejected(server: CentrifugoServer, publisher: Centrifugo) -> None:
    alice, mallory = uuid4(), uuid4()
    async with browser(server, token_for(server, mallory), channel_of(alice)) as seen:
        await eventually(lambda: seen.refused, "refused")
        assert seen.refused == [103]  # permission denied
        await publisher.publish([event(alice)])
        assert (seen.subscribed, seen.received) == ([], [])


@pytest.mark.parametrize("channel", ["mail:user", "mail:#", "mail:everybody", "news", "mail:user#{other},{own}x"])
async def test_only_the_own_channel_can_be_subscribed(server: CentrifugoServer, channel: str) -> None:
    own = uuid4()
    async with browser(server, token_for(server, own), channel.format(own=own, other=uuid4())) as seen:
        await eventually(lambda: seen.refused, "refused")
        assert seen.subscribed == []


async def test_browser_cannot_publish_to_centrifugo(server: CentrifugoServer) -> None:
    alice = uuid4()
    client = Client(server.websocket_url, token=token_for(server, alice), headers={"Origin": ORIGIN})
    await client.connect()
    try:
        with pytest.raises(Exception, match="permission denied"):
            await client.publish(channel_of(alice), {"id": 1})
    finally:
        await client.disconnect()


def _signed(
    server: CentrifugoServer, identity_id: UUID, *, key: str | None = None, algorithm: str = "HS256", **claims: Any
) -> str:
    now = datetime.now(UTC)
    values = {"sub": str(identity_id), "exp": now + timedelta(minutes=5), "aud": "centrifugo", "iss": "postroom"}
    return jwt.encode(values | claims, key or server.token_key if algorithm != "none" else "", algorithm=algorithm)


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ({"aud": "another"}, 3500),
        ({"iss": "another"}, 3500),
        ({"key": "another-key-of-the-tests-0123456789-01234567"}, 3500),
        ({"algorithm": "none"}, 3500),
        ({"exp": 1}, 1),
    ],
    ids=["audience", "issuer", "key", "unsigned", "expired"],
)
async def test_centrifugo_rejects_a_token_that_is_not_ours_or_expired(
    server: CentrifugoServer, bad: dict[str, Any], code: int
) -> None:
    alice = uuid4()
    async with browser(server, _signed(server, alice, **bad), channel_of(alice)) as seen:
        await eventually(lambda: seen.states[-1] == ("disconnected", code), "refused as an invalid token")
        assert ("connected", 0) not in seen.states


async def test_page_of_another_origin_cannot_connect_to_centrifugo(server: CentrifugoServer) -> None:
    alice = uuid4()
    async with browser(server, token_for(server, alice), channel_of(alice), origin="https://evil.example") as seen:
        await eventually(lambda: len(seen.errors) > 2, "refused again and again")
        assert ("connected", 0) not in seen.states


async def test_disconnect_permanently_ends_only_the_connections_of_the_person(
    server: CentrifugoServer, publisher: Centrifugo
) -> None:
    alice, bob = uuid4(), uuid4()
    async with (
        browser(server, token_for(server, alice), channel_of(alice)) as one,
        browser(server, token_for(server, bob), channel_of(bob)) as other,
    ):
        await eventually(lambda: one.subscribed and other.subscribed, "both subscribed")
        await publisher.disconnect(alice)
        await eventually(lambda: one.states[-1] == ("disconnected", 4501), "disconnected")
        assert other.states[-1] == ("connected", 0)


async def test_after_a_restart_the_client_gets_the_event_or_knows_that_it_must_reload(tmp_path: Path) -> None:
    async with centrifugo(tmp_path, own=True) as server:
        publisher, alice = Centrifugo(server.api_url, server.api_key), uuid4()
        async with browser(server, token_for(server, alice), channel_of(alice)) as seen:
            await eventually(lambda: seen.subscribed, "subscribed")
            await server.kill()
            missed = event(alice)
            with pytest.raises(PublisherUnavailable):
                await publisher.publish([missed])
            await server.start()
            assert await publisher.publish([missed]) == []
            await eventually(lambda: len(seen.subscribed) == 2, "subscribed again", within=20)
            if not seen.received:
                assert (seen.subscribed[-1].was_recovering, seen.subscribed[-1].recovered) == (True, False)
            later = event(alice)
            await publisher.publish([later])
            await eventually(lambda: later.id in [reported["id"] for reported in seen.received], "reported")
        await publisher.aclose()
