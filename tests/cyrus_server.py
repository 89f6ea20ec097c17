"""Cyrus, an independent JMAP server, for tests: Debian's packages, run from their own folder.

It runs as Debian's user `cyrus` if we are root, otherwise as the user of the tests. A running server is used instead
where `CYRUS_URL` names it, with `CYRUS_LMTP=127.0.0.1:24` and `CYRUS_LOGINS=alice:secret,bob:secret,carol:secret`.
"""

import asyncio
import imaplib
import os
import pwd
import shutil
import signal
import smtplib
import subprocess
import tempfile
from base64 import b64encode
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import Any

import httpx2
from aiosmtpd.smtp import SMTP

from postroom_sandbox.loopback import LOOPBACK, free_port
from postroom_sandbox.processes import Process
from tests.missing import Missing

# Debian requires a mail transfer agent for a mail server: msmtp-mta is a small one.
PACKAGES = "cyrus-imapd cyrus-caldav cyrus-common cyrus-admin sasl2-bin libsasl2-modules msmtp-mta"
CONFIGURATION = Path(__file__).parent / "cyrus"
PROGRAMS = Path("/usr/lib/cyrus/bin")
MASTER, SET_PASSWORD = Path("/usr/sbin/cyrmaster"), Path("/usr/sbin/saslpasswd2")
# httpd is in Debian's cyrus-caldav.
NEEDED = (MASTER, SET_PASSWORD, *(PROGRAMS / name for name in ("httpd", "imapd", "lmtpd", "idled", "squatter")))
DOMAIN = "example.org"
START_SECONDS = 20


@dataclass(frozen=True)
class Login:
    name: str
    password: str

    @property
    def email(self) -> str:
        return f"{self.name}@{DOMAIN}"

    @property
    def authorization(self) -> str:
        """RFC 7617 §2."""
        return "Basic " + b64encode(f"{self.name}:{self.password}".encode()).decode()


LOGINS = [Login(name, f"secret-of-{name}") for name in ("alice", "bob", "carol")]


@dataclass(frozen=True)
class CyrusServer:
    """`lmtp` is host and port. Each of the `logins` has a mailbox."""

    url: str
    lmtp: tuple[str, int]
    logins: Sequence[Login]


@asynccontextmanager
async def cyrus_server() -> AsyncIterator[CyrusServer]:
    """Raises `Missing`."""
    if url := os.environ.get("CYRUS_URL"):
        yield _elsewhere(url)
        return
    if missing := [path for path in NEEDED if not path.exists()]:
        raise Missing(f"{missing[0]} is not there: apt-get install --no-install-recommends {PACKAGES}")
    async with AsyncExitStack() as stack:
        ports = _Ports()
        folder = Path(tempfile.mkdtemp(prefix="postroom-cyrus-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        user = await asyncio.to_thread(_furnish, folder, ports)
        relay = _Relay((LOOPBACK, ports.lmtp))
        accepting = await asyncio.get_running_loop().create_server(
            lambda: SMTP(relay, hostname=LOOPBACK), LOOPBACK, ports.smtp
        )
        stack.callback(accepting.close)
        process = Process("Cyrus", _command(folder), log=folder / "log", user=user)
        # So it waits for its children, which would write to that folder while it is removed.
        stack.push_async_callback(process.stop, (signal.SIGQUIT, 5), (signal.SIGTERM, 5))
        await process.spawn()
        await process.until_ready(lambda: _is_ready(ports.http), START_SECONDS)
        stack.push_async_callback(relay.finish)
        for login in LOGINS:
            await asyncio.to_thread(_make_inbox, ports.imap, login)
        yield CyrusServer(f"http://{LOOPBACK}:{ports.http}", (LOOPBACK, ports.lmtp), LOGINS)


@dataclass(frozen=True)
class _Ports:
    http: int = field(default_factory=free_port)
    imap: int = field(default_factory=free_port)
    lmtp: int = field(default_factory=free_port)
    smtp: int = field(default_factory=free_port)


class _Relay:
    """The mail transfer agent of this Cyrus: all recipients are local.

    It accepts a message before it delivers it, as all of them do. Cyrus locks the sender's account while it sends: a
    delivery to that account would wait for the end of sending, which would wait for the delivery.
    """

    def __init__(self, lmtp: tuple[str, int]) -> None:
        self._lmtp = lmtp
        self._under_way: set[asyncio.Task[None]] = set()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        del server, session
        task = asyncio.create_task(asyncio.to_thread(self._deliver, envelope))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return "250 OK"

    async def finish(self) -> None:
        await asyncio.gather(*self._under_way)

    def _deliver(self, envelope: Any) -> None:
        with smtplib.LMTP(*self._lmtp) as connection:
            connection.sendmail(envelope.mail_from, envelope.rcpt_tos, envelope.content)


def _furnish(folder: Path, ports: _Ports) -> tuple[int, int] | None:
    """Write the files of Cyrus. Return the user to run it as, or None for the current one."""
    root = os.geteuid() == 0
    account = pwd.getpwnam("cyrus") if root else pwd.getpwuid(os.geteuid())
    for name in ("imapd.conf", "cyrus.conf"):
        text = Template((CONFIGURATION / name).read_text()).substitute(
            FOLDER=folder,
            PROGRAMS=PROGRAMS,
            CYRUS_USER=account.pw_name,
            HTTP_PORT=ports.http,
            IMAP_PORT=ports.imap,
            LMTP_PORT=ports.lmtp,
            SMTP_PORT=ports.smtp,
        )
        (folder / name).write_text(text)
    for name in ("conf/db", "conf/proc", "conf/socket", "spool", "search", "sieve"):
        (folder / name).mkdir(parents=True)
    for login in LOGINS:
        command = [SET_PASSWORD, "-p", "-c", "-f", folder / "sasldb2", "-u", LOOPBACK, login.name]
        subprocess.run(command, input=f"{login.password}\n".encode(), capture_output=True, check=True)
    if not root:
        return None
    for path in (folder, *folder.rglob("*")):
        os.chown(path, account.pw_uid, account.pw_gid)
    return account.pw_uid, account.pw_gid


def _command(folder: Path) -> list[str | Path]:
    # It must end with these tests, however they end, and Cyrus does not read its standard input.
    until_parent_ends = ["setpriv", "--pdeathsig", "TERM"]
    master: list[str | Path] = [MASTER, "-C", folder / "imapd.conf", "-M", folder / "cyrus.conf"]
    return [*until_parent_ends, *master, "-p", folder / "master.pid", "-D"]


async def _is_ready(port: int) -> bool:
    async with httpx2.AsyncClient(trust_env=False, timeout=5) as http:
        try:
            headers = {"Authorization": LOGINS[0].authorization}
            answer = await http.get(f"http://{LOOPBACK}:{port}/jmap/", headers=headers)
        except httpx2.TransportError:
            return False
    return answer.status_code == 200


def _make_inbox(imap_port: int, login: Login) -> None:
    """The first login by IMAP creates the mailbox; one by JMAP does not."""
    with imaplib.IMAP4(LOOPBACK, imap_port) as imap:
        imap.login(login.name, login.password)


def _elsewhere(url: str) -> CyrusServer:
    parts = [each.partition(":") for each in os.environ["CYRUS_LOGINS"].split(",")]
    host, _, port = os.environ["CYRUS_LMTP"].rpartition(":")
    return CyrusServer(url.rstrip("/"), (host, int(port)), [Login(name, password) for name, _, password in parts])
