"""Whatever is restarted during deliveries, each message is announced, and the webmail shows all of them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from centrifuge import SubscribedContext
from redis.asyncio import Redis

from centrifugo_browser import Browser, browser
from centrifugo_servers import centrifugo
from eventually import eventually
from incoming_mail import send
from mail_host import MailHost, mail_host
from mail_person import Person
from newcomer import Newcomer, newcomer
from records import Records
from servers import Database
from webmail import Webmail

PEOPLE = ("ann", "ben", "cleo")
MESSAGES = 45
"""One every 0.1 s, while servers are restarted."""

Fault = Callable[[MailHost], Awaitable[None]]


async def restart_valkey(host: MailHost) -> None:
    await host.valkey.stop()
    await host.valkey.start()


async def flush_valkey(host: MailHost) -> None:
    async with Redis.from_url(host.valkey.url) as redis:
        await redis.flushall()


async def kill_postroom(host: MailHost) -> None:
    """kill -9; start it again after a while."""
    host.service.kill()
    await host.service.ended()
    await asyncio.sleep(0.5)
    await host.service.start()


class Deliveries:
    """Delivers `MESSAGES` messages to all people in turn, in the background."""

    def __init__(self, host: MailHost, people: list[Person]) -> None:
        self._host = host
        self._people = people
        self.count = 0

    async def run(self) -> None:
        for number in range(MESSAGES):
            await send(self._host.stalwart.lmtp, self._people[number % len(self._people)].address)
            self.count += 1
            await asyncio.sleep(0.1)

    async def until(self, count: int) -> None:
        await eventually(lambda: self.count >= count, f"{count} deliveries", 60)


async def while_mail_comes(host: MailHost, people: list[Person], *faults: Fault) -> None:
    """Inject the faults, spread over the deliveries. Return when everything has been delivered."""
    deliveries = Deliveries(host, people)
    async with asyncio.TaskGroup() as group:
        group.create_task(deliveries.run())
        for number, fault in enumerate(faults, 1):
            await deliveries.until(number * MESSAGES // (len(faults) + 1))
            await fault(host)


async def until_all_know(records: Records, *webmails: Webmail) -> None:
    """Wait until each webmail knows each message of its inbox and no event waits. Each message must be in one event."""
    for webmail in webmails:
        person = webmail.person
        wanted = set(await person.query(limit=MESSAGES))
        assert len(wanted) == MESSAGES // len(PEOPLE)
        await eventually(lambda: webmail.known == wanted, f"{person.address} knows all", 30)  # noqa: B023 - awaited here
        if not webmail.reloads:
            # It may have asked, after a restart, before the event came: a killed process claims it for a while.
            await eventually(lambda: webmail.notified == wanted, f"{person.address} is told of all", 30)  # noqa: B023 - awaited here

    async def none_waits() -> bool:
        return await records.value("SELECT count(*) FROM live_events WHERE announced_at IS NULL") == 0

    await eventually(none_waits, "all events are announced", 15)  # the claim of a killed process lasts for 10 s
    reported = await records.rows("SELECT kratos_identity_id AS person, data FROM live_events ORDER BY id")
    ids = [(row["person"], each) for row in reported for each in row["data"].get("ids", ())]
    assert len(ids) == len(set(ids)) == MESSAGES, "each message in one event"


@asynccontextmanager
async def registered(host: MailHost) -> AsyncIterator[list[tuple[Newcomer, Person, Webmail]]]:
    """People whose mailbox is ready and empty, each with a webmail that has received no event yet."""
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as group:
        found: list[tuple[Newcomer, Person, Webmail]] = []
        tasks: list[asyncio.Task[None]] = []
        for name in PEOPLE:
            somebody = await stack.enter_async_context(newcomer(host.environment, name))
            person = await somebody.mail()
            webmail = Webmail(person, (await person.call("Email/get", ids=[]))["state"])
            tasks.append(group.create_task(webmail.keep_up()))
            found.append((somebody, person, webmail))
        yield found
        for task in tasks:
            task.cancel()


async def test_restarts_of_redis_and_postroom_lose_no_new_mail(
    tmp_path: Path, database: Database, records: Records
) -> None:
    async with mail_host(tmp_path, database) as host, registered(host) as found, asyncio.TaskGroup() as group:
        watching = [group.create_task(webmail.watch(somebody)) for somebody, _, webmail in found]
        for _, _, webmail in found:
            await asyncio.wait_for(webmail.greeted.wait(), 20)
        people, webmails = [person for _, person, _ in found], [webmail for *_, webmail in found]
        await while_mail_comes(host, people, restart_valkey, kill_postroom, flush_valkey, kill_postroom)
        await until_all_know(records, *webmails)
        assert [webmail.reloads for webmail in webmails] == [0, 0, 0], "Last-Event-ID was enough"
        for task in watching:
            task.cancel()


class AtCentrifugo(Browser):
    """A webmail with a client of Centrifugo: it receives events, and requests the changes if missed events cannot be
    replayed."""

    def __init__(self, webmail: Webmail) -> None:
        super().__init__()
        self._webmail = webmail

    def hear(self, data: Any) -> None:
        self._webmail.hear(data)

    def note_subscribed(self, ctx: SubscribedContext) -> None:
        super().note_subscribed(ctx)
        if len(self.subscribed) > 1 and not ctx.recovered:
            self._webmail.reload()


async def test_restarts_of_centrifugo_redis_and_postroom_lose_no_new_mail(
    tmp_path: Path, database: Database, records: Records
) -> None:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(centrifugo(tmp_path, own=True))
        settings = {
            "POSTROOM_CENTRIFUGO_URL": server.websocket_url,
            "POSTROOM_CENTRIFUGO_API_URL": server.api_url,
            "POSTROOM_CENTRIFUGO_API_KEY": server.api_key,
            "POSTROOM_CENTRIFUGO_TOKEN_KEY": server.token_key,
        }
        host = await stack.enter_async_context(mail_host(tmp_path, database, **settings))
        found = await stack.enter_async_context(registered(host))
        for somebody, _, webmail in found:
            way = (await somebody.http.get("/api/realtime")).raise_for_status().json()
            seen = AtCentrifugo(webmail)
            await stack.enter_async_context(browser(server, way["token"], way["channel"], seen=seen))
            await eventually(lambda: seen.subscribed, "subscribed")  # noqa: B023 - awaited here

        async def kill_centrifugo(_host: MailHost) -> None:
            """kill -9 and an empty memory; start it again after a while."""
            await server.kill()
            await asyncio.sleep(0.5)
            await server.start()

        people, webmails = [person for _, person, _ in found], [webmail for *_, webmail in found]
        await while_mail_comes(host, people, kill_centrifugo, kill_postroom, restart_valkey, kill_centrifugo)
        await until_all_know(records, *webmails)
