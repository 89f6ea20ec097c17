"""How soon new mail is announced, and what happens to a burst of it.

    python -m benchmarks.arrivals [--json]

A trial has 1,000 users with mailboxes, 100 of them online. For one minute, mail is delivered by LMTP at random moments,
10 messages a second, half of them to users who are online; the latency is from the 250 to the event at the subscriber.
Then the mail server gets 10,000 messages as fast as it accepts them, for all users online in turn, and 10,000 more for
one of them. All of this runs with the built-in streams, and with Centrifugo if Go can build it. It takes five minutes.
"""

import asyncio
import random
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import psycopg

from benchmarks.command import Figures, on_trial, parse_json_flag, print_figures
from benchmarks.figures import percentile
from benchmarks.lmtp import Senders, senders
from benchmarks.subscribers import BuiltInSubscriber, CentrifugoSubscriber, Subscriber
from benchmarks.trial import Trial
from benchmarks.users import many, provision, sign_up
from tests.centrifugo_servers import centrifugo
from tests.go_programs import CENTRIFUGO
from tests.missing import Missing

ONLINE, OFFLINE = 100, 900
SECONDS, RATE = 60.0, 10.0
BURST, CONNECTIONS = 10_000, 8
RECEIVED_WITHIN = 120.0


async def measure(trial: Trial, kind: type[Subscriber]) -> Figures:
    """Measure on a trial without users."""
    async with httpx2.AsyncClient(trust_env=False, timeout=60) as http, AsyncExitStack() as stack:
        environment = trial.environment
        users = await many(ONLINE, lambda _: sign_up(http, environment))
        offline = await many(OFFLINE, lambda _: provision(http, environment))
        subscribers = [kind(user) for user in users]
        for subscriber in subscribers:
            stack.push_async_callback(subscriber.close)
            await subscriber.open(http, environment)
        state = await http.get(f"{environment['POSTROOM_STALWART_URL']}/_sandbox/state")
        lmtp = await stack.enter_async_context(senders(state.json()["lmtp"]))
        figures = await single_deliveries(lmtp, subscribers, offline)
        for whom, receivers in (("all in turn", subscribers), ("one", subscribers[:1])):
            found = await burst(trial, http, lmtp, subscribers, receivers)
            figures |= {f"{BURST:,} for {whom}: {what}": figure for what, figure in found.items()}
        return figures


async def single_deliveries(lmtp: Senders, subscribers: Sequence[Subscriber], offline: Sequence[str]) -> Figures:
    """Deliver at random moments; measure the milliseconds from the 250 to the event."""
    chance = random.Random(1)
    sent: dict[str, list[float]] = {subscriber.user.email: [] for subscriber in subscribers}
    async with asyncio.TaskGroup() as group:
        for number in range(int(SECONDS * RATE)):
            subscriber = chance.choice(subscribers) if number % 2 else None
            to = subscriber.user.email if subscriber else chance.choice(offline)
            group.create_task(_send(lmtp, to, f"one-{number}", sent.get(to)))
            await asyncio.sleep(chance.expovariate(RATE))
    await _until_received(
        subscribers, {subscriber.user.email: len(sent[subscriber.user.email]) for subscriber in subscribers}
    )
    latencies, close = list[float](), list[float]()
    for subscriber in subscribers:
        previous = 0.0
        for accepted, received in zip(sent[subscriber.user.email], subscriber.received, strict=True):
            latencies.append(1000 * (received - accepted))
            if accepted - previous < 1:
                close.append(latencies[-1])
            previous = accepted
    return {
        "messages to users online": len(latencies),
        **{f"250 to event p{percent}, ms": round(percentile(latencies, percent), 1) for percent in (50, 95, 99)},
        "250 to event, maximum, ms": round(max(latencies), 1),
        # The event source reports an account at most once a second. Sooner than that, only Stalwart's webhook reports
        # it, which is sent every 50 ms.
        "of these, within a second of another for the same user": len(close),
        "250 to event p50 of these, ms": round(percentile(close, 50), 1) if close else 0.0,
    }


async def _send(lmtp: Senders, to: str, subject: str, sent: list[float] | None) -> None:
    accepted = await lmtp.send(to, subject)
    if sent is not None:
        sent.append(accepted)


async def burst(
    trial: Trial,
    http: httpx2.AsyncClient,
    lmtp: Senders,
    subscribers: Sequence[Subscriber],
    receivers: Sequence[Subscriber],
) -> Figures:
    """Send `BURST` messages to the receivers as fast as the mail server accepts them."""
    before, rows_before = await _metrics(trial, http), await _outbox_rows(trial)
    wanted = {subscriber.user.email: len(subscriber.received) for subscriber in subscribers}
    events_before = sum(len(subscriber.ids) for subscriber in subscribers)
    waiting = [subscriber.user.email for _ in range(BURST // len(receivers)) for subscriber in receivers]
    began = time.perf_counter()
    sending = iter(waiting)
    await asyncio.gather(*(_send_all(lmtp, sending, f"{len(receivers)}-{number}") for number in range(CONNECTIONS)))
    accepted = time.perf_counter()
    await _until_received(subscribers, {email: count + waiting.count(email) for email, count in wanted.items()})
    received = time.perf_counter()
    polled = await _metrics(trial, http) - before
    server = {
        subscriber.user.email: await _state(http, trial.environment["POSTROOM_URL"], subscriber)
        for subscriber in subscribers
    }
    return {
        "all accepted after, s": round(accepted - began, 1),
        "all announced after the last 250, s": round(received - accepted, 2),
        "polls": sum(int(count) for name, count in polled.items() if name.startswith("postroom_arrival_polls_total")),
        "outbox rows": await _outbox_rows(trial) - rows_before,
        "events received": sum(len(subscriber.ids) for subscriber in subscribers) - events_before,
        "events received twice": sum(len(subscriber.ids) - len(set(subscriber.ids)) for subscriber in subscribers),
        "users whose last event has another state than the server": sum(
            subscriber.state != server[subscriber.user.email] for subscriber in subscribers if subscriber.ids
        ),
    }


async def _send_all(lmtp: Senders, waiting: Iterable[str], name: str) -> None:
    for count, to in enumerate(waiting):
        await lmtp.send(to, f"burst-{name}-{count}")


async def _until_received(subscribers: Sequence[Subscriber], wanted: dict[str, int]) -> None:
    end = time.perf_counter() + RECEIVED_WITHIN
    while missing := sum(
        max(0, wanted[subscriber.user.email] - len(subscriber.received)) for subscriber in subscribers
    ):
        if time.perf_counter() > end:
            raise SystemExit(f"LOST: {missing} messages were not announced within {RECEIVED_WITHIN:g} s")
        await asyncio.sleep(0.01)


async def _state(http: httpx2.AsyncClient, url: str, subscriber: Subscriber) -> str:
    """Return the current state of Email at the mail server."""
    headers = {"X-Session-Token": subscriber.user.token}
    session = (await http.get(f"{url}/jmap/session", headers=headers)).raise_for_status().json()
    account = session["primaryAccounts"]["urn:ietf:params:jmap:mail"]
    using = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"]
    body = {"using": using, "methodCalls": [["Email/get", {"accountId": account, "ids": []}, "0"]]}
    response = (await http.post(f"{url}/jmap/", headers=headers, json=body)).raise_for_status().json()
    return response["methodResponses"][0][1]["state"]


async def _metrics(trial: Trial, http: httpx2.AsyncClient) -> Counter[str]:
    text = (await http.get(f"{trial.environment['POSTROOM_URL']}/metrics")).raise_for_status().text
    lines = (line.rsplit(" ", 1) for line in text.splitlines() if line.startswith("postroom_"))
    return Counter({name: float(value) for name, value in lines})


async def _outbox_rows(trial: Trial) -> int:
    """Count all rows ever written, by the last id: rows are deleted after ten minutes."""
    connection: psycopg.AsyncConnection[Any]
    async with await psycopg.AsyncConnection.connect(trial.owner_url) as connection:
        cursor = await connection.execute("SELECT coalesce(max(id), 0) FROM live_events")
        row = await cursor.fetchone()
    return row[0] if row else 0


async def main() -> None:
    as_json = parse_json_flag("python -m benchmarks.arrivals")
    figures = {
        f"built in: {what}": figure
        for what, figure in (await on_trial(partial(measure, kind=BuiltInSubscriber))).items()
    }
    try:
        CENTRIFUGO.found()
    except Missing as missing:
        print(f"not measured with Centrifugo: {missing}", file=sys.stderr)
    else:
        figures |= {f"Centrifugo: {what}": figure for what, figure in (await _with_centrifugo()).items()}
    print_figures(("new mail, 1,000 accounts, 100 of them online", ""), figures, as_json=as_json)


async def _with_centrifugo() -> Figures:
    with tempfile.TemporaryDirectory(prefix="postroom-bench-") as folder:
        async with centrifugo(Path(folder), own=True) as server:
            return await on_trial(
                partial(measure, kind=CentrifugoSubscriber),
                POSTROOM_CENTRIFUGO_URL=server.websocket_url,
                POSTROOM_CENTRIFUGO_API_URL=server.api_url,
                POSTROOM_CENTRIFUGO_API_KEY=server.api_key,
                POSTROOM_CENTRIFUGO_TOKEN_KEY=server.token_key,
            )


if __name__ == "__main__":
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 8192) if most > 0 else 8192, most))
    asyncio.run(main())
