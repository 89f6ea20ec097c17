"""How soon new mail is on the screen, and what becomes of a burst.

    python -m benchmarks.arrivals [--json]

1,000 people with mailboxes on a trial, 100 of them on line. First a minute of deliveries by LMTP at random moments,
10 a second, half of them for people on line: from the 250 to the event at the subscribed client. Then 10,000 messages
as fast as the mail server takes them, for all people on line in turn, and 10,000 for one of them. All of it with what
is built in, and with Centrifugo where Go builds it: five minutes.
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

from benchmarks.command import Figures, on_trial, tell, wants_json
from benchmarks.figures import percentile
from benchmarks.lmtp import Senders, senders
from benchmarks.people import many, provision, sign_up
from benchmarks.screens import BuiltIn, ByCentrifugo, Screen
from benchmarks.trial import Trial
from tests.centrifugo_servers import PROGRAM, centrifugo
from tests.go_program import Missing

ON_LINE, OFF_LINE = 100, 900
SECONDS, A_SECOND = 60.0, 10.0
BURST, CONNECTIONS = 10_000, 8
TOLD_WITHIN = 120.0


async def measure(trial: Trial, kind: type[Screen]) -> Figures:
    """On a fresh trial."""
    async with httpx2.AsyncClient(trust_env=False, timeout=60) as http, AsyncExitStack() as stack:
        environment = trial.environment
        members = await many(ON_LINE, lambda _: sign_up(http, environment))
        strangers = await many(OFF_LINE, lambda _: provision(http, environment))
        screens = [kind(member) for member in members]
        for screen in screens:
            stack.push_async_callback(screen.close)
            await screen.open(http, environment)
        state = await http.get(f"{environment['POSTROOM_STALWART_URL']}/_sandbox/state")
        lmtp = await stack.enter_async_context(senders(state.json()["lmtp"]))
        figures = await one_by_one(lmtp, screens, strangers)
        for whom, receivers in (("all in turn", screens), ("one", screens[:1])):
            told = await burst(trial, http, lmtp, screens, receivers)
            figures |= {f"{BURST:,} for {whom}: {what}": figure for what, figure in told.items()}
        return figures


async def one_by_one(lmtp: Senders, screens: Sequence[Screen], strangers: Sequence[str]) -> Figures:
    """Milliseconds from the 250 to the event, at random moments."""
    chance = random.Random(1)
    sent: dict[str, list[float]] = {screen.member.email: [] for screen in screens}
    async with asyncio.TaskGroup() as group:
        for number in range(int(SECONDS * A_SECOND)):
            screen = chance.choice(screens) if number % 2 else None
            to = screen.member.email if screen else chance.choice(strangers)
            group.create_task(_send(lmtp, to, f"one-{number}", sent.get(to)))
            await asyncio.sleep(chance.expovariate(A_SECOND))
    await _until_told(screens, {screen.member.email: len(sent[screen.member.email]) for screen in screens})
    late, again = list[float](), list[float]()
    for screen in screens:
        before = 0.0
        for moment, told in zip(sent[screen.member.email], screen.told, strict=True):
            late.append(1000 * (told - moment))
            if moment - before < 1:
                again.append(late[-1])
            before = moment
    return {
        "messages for people on line": len(late),
        **{f"250 to event p{percent}, ms": round(percentile(late, percent), 1) for percent in (50, 95, 99)},
        "250 to event, at most, ms": round(max(late), 1),
        # The event source tells of an account once a second, so these hang on the web hook, which is sent each 50 ms.
        "of them within a second after another for the same person": len(again),
        "250 to event p50 of these, ms": round(percentile(again, 50), 1) if again else 0.0,
    }


async def _send(lmtp: Senders, to: str, subject: str, sent: list[float] | None) -> None:
    moment = await lmtp.send(to, subject)
    if sent is not None:
        sent.append(moment)


async def burst(
    trial: Trial, http: httpx2.AsyncClient, lmtp: Senders, screens: Sequence[Screen], receivers: Sequence[Screen]
) -> Figures:
    """As many messages for the receivers as fast as they are taken."""
    before, rows_before = await _metrics(trial, http), await _outbox_rows(trial)
    wanted = {screen.member.email: len(screen.told) for screen in screens}
    events_before = sum(len(screen.ids) for screen in screens)
    waiting = [screen.member.email for _ in range(BURST // len(receivers)) for screen in receivers]
    began = time.perf_counter()
    sending = iter(waiting)
    await asyncio.gather(*(_send_all(lmtp, sending, f"{len(receivers)}-{number}") for number in range(CONNECTIONS)))
    taken = time.perf_counter()
    await _until_told(screens, {email: count + waiting.count(email) for email, count in wanted.items()})
    told = time.perf_counter()
    looks = await _metrics(trial, http) - before
    server = {screen.member.email: await _state(http, trial.environment["POSTROOM_URL"], screen) for screen in screens}
    return {
        "taken in, s": round(taken - began, 1),
        "all told after the last 250, s": round(told - taken, 2),
        "looks": sum(int(count) for name, count in looks.items() if name.startswith("postroom_arrival_looks_total")),
        "rows of the outbox": await _outbox_rows(trial) - rows_before,
        "events told": sum(len(screen.ids) for screen in screens) - events_before,
        "events told twice": sum(len(screen.ids) - len(set(screen.ids)) for screen in screens),
        "people whose last told state is not the server's": sum(
            screen.state != server[screen.member.email] for screen in screens if screen.ids
        ),
    }


async def _send_all(lmtp: Senders, waiting: Iterable[str], name: str) -> None:
    for count, to in enumerate(waiting):
        await lmtp.send(to, f"burst-{name}-{count}")


async def _until_told(screens: Sequence[Screen], wanted: dict[str, int]) -> None:
    end = time.perf_counter() + TOLD_WITHIN
    while missing := sum(max(0, wanted[screen.member.email] - len(screen.told)) for screen in screens):
        if time.perf_counter() > end:
            raise SystemExit(f"LOST: {missing} messages were not told within {TOLD_WITHIN:g} s")
        await asyncio.sleep(0.01)


async def _state(http: httpx2.AsyncClient, url: str, screen: Screen) -> str:
    """Of Email, as the mail server has it now."""
    headers = {"X-Session-Token": screen.member.token}
    session = (await http.get(f"{url}/jmap/session", headers=headers)).raise_for_status().json()
    account = session["primaryAccounts"]["urn:ietf:params:jmap:mail"]
    using = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"]
    body = {"using": using, "methodCalls": [["Email/get", {"accountId": account, "ids": []}, "0"]]}
    answer = (await http.post(f"{url}/jmap/", headers=headers, json=body)).raise_for_status().json()
    return answer["methodResponses"][0][1]["state"]


async def _metrics(trial: Trial, http: httpx2.AsyncClient) -> Counter[str]:
    text = (await http.get(f"{trial.environment['POSTROOM_URL']}/metrics")).raise_for_status().text
    lines = (line.rsplit(" ", 1) for line in text.splitlines() if line.startswith("postroom_"))
    return Counter({name: float(value) for name, value in lines})


async def _outbox_rows(trial: Trial) -> int:
    """All that ever were: ids are given in order, and rows are forgotten after ten minutes."""
    connection: psycopg.AsyncConnection[Any]
    async with await psycopg.AsyncConnection.connect(trial.owner_url) as connection:
        cursor = await connection.execute("SELECT coalesce(max(id), 0) FROM live_events")
        row = await cursor.fetchone()
    return row[0] if row else 0


async def main() -> None:
    as_json = wants_json("python -m benchmarks.arrivals")
    figures = {f"built in: {what}": figure for what, figure in (await on_trial(partial(measure, kind=BuiltIn))).items()}
    try:
        PROGRAM.built()
    except Missing as missing:
        print(f"Not measured with Centrifugo: {missing}", file=sys.stderr)
    else:
        figures |= {f"Centrifugo: {what}": figure for what, figure in (await _with_centrifugo()).items()}
    tell(("new mail, 1,000 accounts of which 100 on line", ""), figures, as_json=as_json)


async def _with_centrifugo() -> Figures:
    with tempfile.TemporaryDirectory(prefix="postroom-bench-") as folder:
        async with centrifugo(Path(folder), own=True) as server:
            return await on_trial(
                partial(measure, kind=ByCentrifugo),
                POSTROOM_CENTRIFUGO_URL=server.websocket_url,
                POSTROOM_CENTRIFUGO_API_URL=server.api_url,
                POSTROOM_CENTRIFUGO_API_KEY=server.api_key,
                POSTROOM_CENTRIFUGO_TOKEN_KEY=server.token_key,
            )


if __name__ == "__main__":
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 8192) if most > 0 else 8192, most))
    asyncio.run(main())
