"""`postroom sandbox fill`: puts believable mail into a mailbox of the trial. `up` does it for its first person."""

import base64
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import httpx2
import typer
from rich.console import Console
from rich.progress import track

from postroom.cli.control_characters import escape_control
from postroom.cli.json_output import json_text
from postroom.errors import ConfigurationError, Refused
from postroom_sandbox.control_client import ask, stand_in_url
from postroom_sandbox.sample_mail.correspondent import Correspondent
from postroom_sandbox.sample_mail.plan import SampleMail, Wish, sample_mails

LONG_THREAD = 200
LARGE = 5000
"""From this number of mails on, one conversation is a long one, unless the option says otherwise."""
_BATCH = 100
_SECONDS_OF_A_BATCH = 60


def fill(data: Path, address: str, mails: int, seed: int, thread: int | None, *, dry_run: bool, as_json: bool) -> None:
    wish = wish_for(ask(data, "GET", "state"), address, mails, seed, thread)
    begun, now, where = time.monotonic(), datetime.now(UTC), Counter[str]()
    planned = _counted(sample_mails(wish, now), where)
    stored = planned if dry_run else filled(stand_in_url(data), wish.person.email, planned)
    progress = Console(stderr=True)
    for _ in track(stored, "filling", mails, console=progress, disable=dry_run or not progress.is_terminal):
        pass
    seconds = round(time.monotonic() - begun, 3)
    if as_json:
        report = {"to": wish.person.email, "mails": mails, "mailboxes": dict(sorted(where.items()))}
        typer.echo(json_text(report | {"seed": seed, "thread": wish.thread, "dry_run": dry_run, "seconds": seconds}))
        return
    done, within = ("would be put", "") if dry_run else ("put", f" in {seconds:.1f} s")
    places = ", ".join(f"{count} in {place}" for place, count in where.most_common())
    typer.echo(f"{done} into {escape_control(wish.person.email)}: {mails} mails{within} ({places})")


def wish_for(state: Mapping[str, Any], address: str, mails: int, seed: int, thread: int | None) -> Wish:
    """For the owner of the mailbox. `state` is that of the stand-in. Raises Refused if it has no such mailbox."""
    owner = next((each for each in state["accounts"] if address.lower() in each["addresses"]), None)
    if owner is None:
        raise Refused("no_mailbox", f"there is no mailbox {address}: postroom sandbox state lists them all")
    length = (LONG_THREAD if mails >= LARGE else 0) if thread is None else thread
    if length > mails:
        raise ConfigurationError(f"a conversation of {length} messages needs --mails {length} or more")
    person = Correspondent(owner["name"], address.lower())
    return Wish(person, mails, seed, length, state["hostname"])


def filled(url: str, address: str, mails: Iterator[SampleMail]) -> Iterator[SampleMail]:
    """Store the mails by the control API at `url`; yields each once it is stored."""
    with httpx2.Client(timeout=_SECONDS_OF_A_BATCH, trust_env=False) as http:
        while batch := list(islice(mails, _BATCH)):
            messages = [_message(each) for each in batch]
            try:
                response = http.post(f"{url}/_sandbox/mail", json={"to": address, "messages": messages})
            except httpx2.HTTPError as error:
                raise ConfigurationError(f"the stand-in for Stalwart does not respond at {url}: {error}") from error
            if response.status_code != 200:
                raise Refused("unfilled", f"the stand-in refused the mail: {response.json()['error']}")
            yield from batch


def _message(mail: SampleMail) -> dict[str, object]:
    return {
        "content": base64.b64encode(mail.content).decode(),
        "mailbox": mail.mailbox,
        "keywords": sorted(mail.keywords),
        "receivedAt": mail.received_at.isoformat(),
    }


def _counted(mails: Iterator[SampleMail], where: Counter[str]) -> Iterator[SampleMail]:
    for mail in mails:
        where[mail.mailbox] += 1
        yield mail
