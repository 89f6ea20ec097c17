"""`python -m postroom_sandbox.stalwart`: the stand-in as a process of its own, on loopback only."""

import argparse
import asyncio
import os
import socket
import sys
import threading
from pathlib import Path

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from postroom_sandbox.stalwart.app import create_app
from postroom_sandbox.stalwart.injection import TRANSPORT_KEY

_EXAMPLE = """example:
  ADMIN=secret python -m postroom_sandbox.stalwart --state .postroom/stalwart --port 8380 \\
      --domain example.org --domain example.net --admin-password-env ADMIN

prints http://127.0.0.1:8380 when it listens, and lmtp://127.0.0.1:PORT, where mail comes in; faults and accounts
are at /_sandbox/ there.
"""


class _CuttableProtocol(HttpToolsProtocol):
    """Hands the connection to the application, which cuts it for some faults."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {TRANSPORT_KEY: {"transport": self.transport}}

    def shutdown(self) -> None:
        """At the end of the process: a request that hangs, by a fault, must not hold it up."""
        self.transport.abort()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m postroom_sandbox.stalwart",
        description="A stand-in for Stalwart 0.16, management and mail, for trials and tests: no place to keep mail.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    option = parser.add_argument
    option("--state", type=Path, required=True, metavar="DIR", help="folder of the state, made if missing")
    option("--port", type=int, default=0, help="on 127.0.0.1; 0 takes a free one (the default)")
    option("--lmtp-port", type=int, default=0, help="where mail comes in, on 127.0.0.1; 0 takes a free one")
    option("--domain", action="append", required=True, metavar="NAME", help="repeatable")
    option("--admin-password-env", metavar="VARIABLE", help="holds the password of the login admin")
    option("--api-key-env", metavar="VARIABLE", help="holds the key with which Postroom is to work")
    option("--mail-master-env", metavar="VARIABLE", help="holds the password of postroom-mail, which may impersonate")
    option("--hostname", default="mail.example.org")
    option("--public-url", metavar="URL", help="begins the URLs of the session (default: https://HOSTNAME)")
    option("--latency-ms", type=int, default=0, metavar="N", help="added to each answer, for benchmarks")
    option("--welcome", action="store_true", help="put a first message into the mailbox of each new person")
    option("--until-eof", action="store_true", help="stop at the end of standard input: when the parent dies")
    return parser.parse_args()


def _secret(variable: str | None) -> str | None:
    if variable is None:
        return None
    if not (secret := os.environ.get(variable)):
        sys.exit(f"The environment variable {variable} is empty or not set: put the secret into it.")
    return secret


def _listener(port: int, setting: str) -> socket.socket:
    # With the protocol named, for asyncio sets TCP_NODELAY on no other: each answer would wait 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        sys.exit(f"Port {port} on 127.0.0.1 cannot be had ({error.strerror}): choose another with {setting}.")
    listener.listen(2048)
    return listener


def _stop_at_eof(server: uvicorn.Server) -> None:
    # os.read and not sys.stdin: a daemon thread that holds the latter's lock aborts the interpreter's exit.
    while os.read(0, 65536):
        pass
    server.should_exit = True  # uvicorn looks at it every 100 ms


async def _serve(arguments: argparse.Namespace) -> None:
    listener = _listener(arguments.port, "--port")
    lmtp_listener = _listener(arguments.lmtp_port, "--lmtp-port")
    app = create_app(
        arguments.state,
        domains=arguments.domain,
        admin_password=_secret(arguments.admin_password_env),
        api_key=_secret(arguments.api_key_env),
        mail_master=_secret(arguments.mail_master_env),
        hostname=arguments.hostname,
        public_url=arguments.public_url,
        latency_ms=arguments.latency_ms,
        lmtp_listener=lmtp_listener,
        welcome=arguments.welcome,
    )
    config = uvicorn.Config(
        app,
        http=_CuttableProtocol,
        log_level="warning",
        access_log=False,
        server_header=False,
        headers=[("Server", "Postroom's stand-in for Stalwart")],
        timeout_keep_alive=600,  # an idle connection closed under a client would look like a fault nobody set
    )
    server = uvicorn.Server(config)
    if arguments.until_eof:
        threading.Thread(target=_stop_at_eof, args=(server,), daemon=True).start()
    for scheme, socket_ in (("http", listener), ("lmtp", lmtp_listener)):
        sys.stdout.write(f"{scheme}://127.0.0.1:{socket_.getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve(sockets=[listener])


if __name__ == "__main__":
    asyncio.run(_serve(_arguments()))
