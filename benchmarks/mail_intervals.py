"""How soon new mail is announced, by the interval since the last mail for the same user.

    python -m benchmarks.mail_intervals [--json]

One user is online and gets 60 messages 100 ms apart, then 60 messages 200 ms apart, and so on. The latency is from the
250 of LMTP to the event in the stream. Measures with the trial's stand-in, and with a real Stalwart if STALWART_URL,
STALWART_LMTP, STALWART_API_KEY and STALWART_ADMIN=login:password are set; its domain is example.org. Each takes three
minutes.
"""

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import httpx2

from benchmarks.command import Figures, on_trial, parse_json_flag, print_figures
from benchmarks.figures import percentile
from benchmarks.lmtp import Senders, senders
from benchmarks.subscribers import BuiltInSubscriber, Subscriber
from benchmarks.trial import Trial
from benchmarks.users import sign_up
from postroom.composition.parts import authorization
from postroom.stalwart.registry import StalwartRegistry
from postroom.stalwart.registry_client import StalwartClient as Registry
from postroom.stalwart.webhook import PATH
from postroom.stalwart.webhook_setup import WebhookSetup
from tests.stalwart_client import StalwartClient, unique

INTERVALS = (0.1, 0.2, 0.3, 0.5, 0.7, 1.0)
MAILS = 60
JITTER = 0.02
"""Random seconds that are added, so that the messages never keep step with a timer of ours or of the server."""

RECEIVED_WITHIN = 30.0


async def measure(trial: Trial) -> Figures:
    environment = trial.environment
    async with httpx2.AsyncClient(trust_env=False, timeout=60) as http:
        if "STALWART_LMTP" in os.environ:
            lmtp = os.environ["STALWART_LMTP"]
        else:
            lmtp = (await http.get(f"{environment['POSTROOM_STALWART_URL']}/_sandbox/state")).json()["lmtp"]
        subscriber, figures = BuiltInSubscriber(await sign_up(http, environment)), Figures()
        await subscriber.open(http, environment)
        async with senders(lmtp) as sending:
            for interval in INTERVALS:
                latencies = await latencies_at(sending, subscriber, interval)
                for percent in (50, 95):
                    figures[f"every {1000 * interval:g} ms: p{percent}, ms"] = round(percentile(latencies, percent), 1)
        await subscriber.close()
    return figures | {"load average at the end": round(os.getloadavg()[0], 1)}


async def latencies_at(sending: Senders, subscriber: Subscriber, interval: float) -> list[float]:
    """Send `MAILS` messages at this interval; return the milliseconds from each 250 to its event."""
    chance, name = random.Random(interval), uuid4().hex
    sent = list[float]()
    subscriber.received.clear()
    await asyncio.sleep(2)
    next_at = time.perf_counter()
    for number in range(MAILS):
        await asyncio.sleep(next_at - time.perf_counter())
        next_at += interval + chance.uniform(0, JITTER)
        sent.append(await sending.send(subscriber.user.email, f"{name}-{number}"))
    end = time.perf_counter() + RECEIVED_WITHIN
    while len(subscriber.received) < MAILS:
        if time.perf_counter() > end:
            raise SystemExit(
                f"LOST: {MAILS - len(subscriber.received)} messages were not announced within {RECEIVED_WITHIN:g} s"
            )
        await asyncio.sleep(0.01)
    return [1000 * (received - accepted) for accepted, received in zip(sent, subscriber.received, strict=True)]


async def at_stalwart() -> Figures:
    key = uuid4().hex
    login, _, password = os.environ["STALWART_ADMIN"].partition(":")
    admin = StalwartClient(os.environ["STALWART_URL"], (login, password))

    async def measured(trial: Trial) -> Figures:
        async with hooked(admin, trial.environment["POSTROOM_URL"] + PATH, key):
            return await measure(trial)

    async with admin.http:
        return await on_trial(
            measured,
            POSTROOM_STALWART_URL=admin.url,
            POSTROOM_STALWART_API_KEY=os.environ["STALWART_API_KEY"],
            POSTROOM_MAIL_MASTER=await master(admin),
            POSTROOM_STALWART_WEBHOOK_KEY=key,
        )


async def master(admin: StalwartClient) -> str:
    """Create an account that may act for users; return its login and password."""
    admin.domain = await admin.ensure_domain("example.org")
    permissions = {"authenticate": True, "impersonate": True}
    role = await admin.try_create("Role", description=unique("role"), enabledPermissions=permissions)
    roles = {"@type": "Custom", "roleIds": {role["created"]["id"]: True}}
    name, secret = unique("master"), uuid4().hex
    await admin.create(name, roles=roles, credentials={"0": {"@type": "Password", "secret": secret}})
    return f"{name}@example.org:{secret}"


@asynccontextmanager
async def hooked(admin: StalwartClient, url: str, key: str) -> AsyncIterator[None]:
    """Configure the webhook by which Stalwart reports new mail, as `postroom check --fix` does."""
    client = Registry(admin.url, authorization(":".join(admin.login)))
    setup = WebhookSetup(client, StalwartRegistry(client, mark_domain="example.org"))
    try:
        await setup.ensure(url, key)
        yield
        # Otherwise Stalwart would call a closed port and log the errors until its last event is five minutes old.
        await admin.call("x:WebHook/set", destroy=list((await setup.state(url)).ids))
        await admin.try_create("Action", **{"@type": "ReloadSettings"})
    finally:
        await client.aclose()


async def main() -> None:
    as_json = parse_json_flag("python -m benchmarks.mail_intervals")
    stalwart = await at_stalwart() if "STALWART_URL" in os.environ else Figures()
    os.environ.pop("STALWART_LMTP", None)
    figures = {f"stand-in, {what}": figure for what, figure in (await on_trial(measure)).items()}
    figures |= {f"Stalwart, {what}": figure for what, figure in stalwart.items()}
    print_figures(("mail for one user, 250 to event", ""), figures, as_json=as_json)


if __name__ == "__main__":
    asyncio.run(main())
