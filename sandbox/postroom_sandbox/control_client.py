"""`postroom sandbox`: it makes the stand-in for Stalwart fail, sends mail to it, and shows its state."""

import re
import smtplib
import time
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from email.message import EmailMessage
from email.policy import SMTPUTF8
from email.utils import format_datetime, localtime, make_msgid
from pathlib import Path
from typing import Any

import httpx2
import typer
from rich.console import Console
from rich.progress import track

from postroom.cli.control_characters import escape_control
from postroom.cli.json_output import json_text
from postroom.cli.terminal import fixed, out, print_rows
from postroom.errors import ConfigurationError, Refused
from postroom_sandbox.data_folder import DataFolder
from postroom_sandbox.stalwart.faults import KINDS, NOTIFICATION_FAULTS
from postroom_sandbox.stalwart.json_value import JSON

_SWITCHES = ("off", "show")
_ONLY_FOR = {
    "word": tuple(kind for kind in KINDS if kind not in {*NOTIFICATION_FAULTS, "cut-upload", "reject"}),
    "error": ("refuse-creates", "break-creates"),
    "delay_ms": ("slow", "late"),
    "retry_after": ("throttle",),
}
_PER_SESSION = 10  # Stalwart refuses more
_LINE_END = re.compile(rb"\r?\n")


def fault(data: Path, kind: str, options: Mapping[str, object], *, as_json: bool) -> None:
    _require_sense(kind, options)
    match kind:
        case "off":
            ask(data, "DELETE", "faults")
        case "show":
            pass
        case _:
            ask(data, "PUT", "faults", {"kind": kind, **options})
    faults = ask(data, "GET", "state")["faults"]
    if as_json:
        typer.echo(json_text(faults))
        return
    for each in faults:
        typer.echo(_sentence(each))
    if not any(each["on"] for each in faults):
        typer.echo("no fault is on: the mail server works")


def _require_sense(kind: str, options: Mapping[str, object]) -> None:
    """Raises `ConfigurationError` for a fault that does not exist, and for an option that would do nothing."""
    if kind not in (*KINDS, *_SWITCHES):
        like = "".join(f" (did you mean {each}?)" for each in get_close_matches(kind, [*KINDS, *_SWITCHES], n=1))
        raise ConfigurationError(f"there is no fault {kind}{like}: choose from {', '.join(KINDS)}, or type off or show")
    for name in options:
        kinds = _ONLY_FOR.get(name, tuple(KINDS))
        if kind not in kinds:
            option = f"--{name.replace('_', '-')}"
            raise ConfigurationError(f"{option} does nothing for {kind}: it belongs to {', '.join(kinds)}")


def _sentence(fault: JSON) -> str:
    kind, count = fault["kind"], fault["count"]
    if not fault["on"]:
        return f"{kind} is off again: --count {count} is used up"
    left = f", for {count - fault['struck']} more" if count else ""
    word = f" ({escape_control(fault['word'])})" if fault["word"] else ""
    return f"{kind} is on{left}: {KINDS[kind]}{word}"


def state(data: Path, *, as_json: bool) -> None:
    found = ask(data, "GET", "state")
    if as_json:
        typer.echo(json_text(found))
        return
    console = out()
    accounts = [[each["id"], ", ".join(each["addresses"]), ", ".join(each["marks"])] for each in found["accounts"]]
    print_rows(console, "Mailboxes", (fixed("id"), "addresses", "mark"), accounts, name="mailbox")
    requests = [[kind, str(number)] for kind, number in found["requests"].items()]
    print_rows(console, "Requests so far", ("kind", fixed("number")), requests, name="request")


def deliver(data: Path, sender: str, to: str, subject: str, *, count: int, file: Path | None, as_json: bool) -> None:
    host, _, port = ask(data, "GET", "state")["lmtp"].rpartition(":")
    given = _LINE_END.sub(b"\r\n", file.read_bytes()) if file else None
    messages = (given or _message(sender, to, f"{subject} {n}" if count > 1 else subject) for n in range(1, count + 1))
    begun = time.monotonic()
    sent = _sent((host, int(port)), sender, to, messages)
    progress = Console(stderr=True)
    for _ in track(sent, "delivering", count, console=progress, disable=count == 1 or not progress.is_terminal):
        pass
    seconds = time.monotonic() - begun
    if as_json:
        typer.echo(json_text({"to": to, "delivered": count, "seconds": round(seconds, 3)}))
    else:
        typer.echo(f"delivered to {escape_control(to)}: {count} message{'s' if count > 1 else ''} in {seconds:.2f} s")


def _message(sender: str, to: str, subject: str) -> bytes:
    message = EmailMessage(policy=SMTPUTF8)
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message["Date"], message["Message-ID"] = format_datetime(localtime()), make_msgid(domain="sandbox.postroom")
    message.set_content("This message was sent by `postroom sandbox deliver`.\n")
    return message.as_bytes()


def _sent(server: tuple[str, int], sender: str, to: str, messages: Iterator[bytes]) -> Iterator[None]:
    """Yields after each message that the server has accepted."""
    session: smtplib.LMTP | None = None
    options = () if to.isascii() and sender.isascii() else ("SMTPUTF8",)
    try:
        for number, message in enumerate(messages):
            if session is None or number % _PER_SESSION == 0:
                if session:
                    session.quit()
                # With a given name: otherwise smtplib asks the DNS for the name of this machine.
                session = smtplib.LMTP(*server, local_hostname="localhost", timeout=60)
            session.sendmail(sender, [to], message, mail_options=options)
            yield
    except smtplib.SMTPRecipientsRefused as error:
        code, text = error.recipients[to]
        refusal = f"the mail server refused {to}: {code} {text.decode(errors='replace').rstrip('.')}"
        fix = "postroom sandbox state lists the mailboxes of the trial"
        raise Refused("undelivered", f"{refusal}; {fix}") from error
    except smtplib.SMTPResponseException as error:
        text = error.smtp_error if isinstance(error.smtp_error, str) else error.smtp_error.decode(errors="replace")
        raise Refused(
            "undelivered", f"the mail server accepted no message for {to}: {error.smtp_code} {text}"
        ) from error
    except OSError as error:
        raise ConfigurationError(f"the stand-in does not accept mail at {server[0]}:{server[1]}: {error}") from error
    finally:
        if session:
            session.close()


def stand_in_url(data: Path) -> str:
    """Raises ConfigurationError if the trial in this folder uses another Stalwart."""
    trial = DataFolder(data).read_trial()
    if "Stalwart" in trial.get("own", ()):
        raise ConfigurationError("this trial uses a Stalwart of yours: the command works with the stand-in only")
    return trial["environment"]["POSTROOM_STALWART_URL"]


def ask(data: Path, method: str, what: str, body: Mapping[str, object] | None = None) -> dict[str, Any]:
    """The response of the stand-in's control API."""
    url = f"{stand_in_url(data)}/_sandbox/{what}"
    try:
        response = httpx2.request(method, url, json=body, timeout=10, trust_env=False)
    except httpx2.HTTPError as error:
        raise ConfigurationError(f"the stand-in for Stalwart does not respond at {url}: {error}") from error
    if response.status_code != 200:
        raise ConfigurationError(f"the stand-in refused: {response.json()['error']}")
    return response.json()
