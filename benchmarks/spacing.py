"""How soon mail is told, by the time since the last mail for the same person.

    python -m benchmarks.spacing [--json]

One person is on line and gets 60 mails 100 ms apart, 60 that are 200 ms apart, and so on: from LMTP's 250 to the event
at her stream. At the trial's stand-in; and at the Stalwart of STALWART_URL, STALWART_LMTP, STALWART_API_KEY and
STALWART_ADMIN=login:password with the domain example.org, if they are set: three minutes each.
"""

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import httpx2

from benchmarks.command import Figures, on_trial, tell, wants_json
from benchmarks.figures import percentile
from benchmarks.lmtp import Senders, senders
from benchmarks.people import sign_up
from benchmarks.screens import BuiltIn, Screen
from benchmarks.trial import Trial
from postroom.composition.parts import authorization
from postroom.stalwart.registry import StalwartRegistry
from postroom.stalwart.registry_client import StalwartClient as Registry
from postroom.stalwart.web_hook import PATH
from postroom.stalwart.web_hook_setup import WebHookSetup
from tests.stalwart_client import StalwartClient, unique

APART = (0.1, 0.2, 0.3, 0.5, 0.7, 1.0)
MAILS = 60
JITTER = 0.02
"""Seconds: nothing of ours or of the server's that goes by a clock is met in step."""

TOLD_WITHIN = 30.0


async def measure(trial: Trial) -> Figures:
    """Of somebody who registers there."""
    environment = trial.environment
    async with httpx2.AsyncClient(trust_env=False, timeout=60) as http:
        if "STALWART_LMTP" in os.environ:
            lmtp = os.environ["STALWART_LMTP"]
        else:
            lmtp = (await http.get(f"{environment['POSTROOM_STALWART_URL']}/_sandbox/state")).json()["lmtp"]
        screen, figures = BuiltIn(await sign_up(http, environment)), Figures()
        await screen.open(http, environment)
        async with senders(lmtp) as sending:
            for apart in APART:
                late = await told_after(sending, screen, apart)
                for percent in (50, 95):
                    figures[f"each {1000 * apart:g} ms: p{percent}, ms"] = round(percentile(late, percent), 1)
        await screen.close()
    return figures | {"load of the machine at the end": round(os.getloadavg()[0], 1)}


async def told_after(sending: Senders, screen: Screen, apart: float) -> list[float]:
    """Milliseconds from each 250."""
    chance, name = random.Random(apart), uuid4().hex
    sent = list[float]()
    screen.told.clear()
    await asyncio.sleep(2)
    next_at = time.perf_counter()
    for number in range(MAILS):
        await asyncio.sleep(next_at - time.perf_counter())
        next_at += apart + chance.uniform(0, JITTER)
        sent.append(await sending.send(screen.member.email, f"{name}-{number}"))
    end = time.perf_counter() + TOLD_WITHIN
    while len(screen.told) < MAILS:
        if time.perf_counter() > end:
            raise SystemExit(f"LOST: {MAILS - len(screen.told)} mails were not told within {TOLD_WITHIN:g} s")
        await asyncio.sleep(0.01)
    return [1000 * (told - moment) for moment, told in zip(sent, screen.told, strict=True)]


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
    """The login of an account that may act for people."""
    admin.domain = await admin.ensure_domain("example.org")
    permissions = {"authenticate": True, "impersonate": True}
    role = await admin.try_create("Role", description=unique("role"), enabledPermissions=permissions)
    roles = {"@type": "Custom", "roleIds": {role["created"]["id"]: True}}
    name, secret = unique("master"), uuid4().hex
    await admin.create(name, roles=roles, credentials={"0": {"@type": "Password", "secret": secret}})
    return f"{name}@example.org:{secret}"


@asynccontextmanager
async def hooked(admin: StalwartClient, url: str, key: str) -> AsyncIterator[None]:
    """That Stalwart tells the service of new mail, as `postroom check --fix` has it."""
    client = Registry(admin.url, authorization(":".join(admin.login)))
    setup = WebHookSetup(client, StalwartRegistry(client, mark_domain="example.org"))
    try:
        await setup.ensure(url, key)
        yield
        # Else it would knock at a closed door, and say so in its log, until the last event is five minutes old.
        await admin.call("x:WebHook/set", destroy=list((await setup.state(url)).ids))
        await admin.try_create("Action", **{"@type": "ReloadSettings"})
    finally:
        await client.aclose()


async def main() -> None:
    as_json = wants_json("python -m benchmarks.spacing")
    stalwart = await at_stalwart() if "STALWART_URL" in os.environ else Figures()
    os.environ.pop("STALWART_LMTP", None)
    figures = {f"stand-in, {what}": figure for what, figure in (await on_trial(measure)).items()}
    figures |= {f"Stalwart, {what}": figure for what, figure in stalwart.items()}
    tell(("mail for one person, 250 to event", ""), figures, as_json=as_json)


if __name__ == "__main__":
    asyncio.run(main())
