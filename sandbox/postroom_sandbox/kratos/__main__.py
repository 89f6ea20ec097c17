"""`python -m postroom_sandbox.kratos`: the stand-in as a process of its own."""

import argparse
import asyncio
import os
import sys
from pathlib import Path

from postroom.errors import ConfigurationError
from postroom_sandbox.kratos.server import serve
from postroom_sandbox.loopback import require_port
from postroom_sandbox.processes import end_with_parent

_EXAMPLE = """example:
  POSTROOM_WEBHOOK_KEY=secret python -m postroom_sandbox.kratos --state .postroom/kratos \\
      --public-port 4433 --admin-port 4434 --hook-url http://127.0.0.1:3001/internal/mail/provision
"""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m postroom_sandbox.kratos",
        description="A stand-in for Ory Kratos, for trials and tests: on 127.0.0.1 only, never in production.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--state", type=Path, required=True, metavar="DIR", help="folder of the state")
    parser.add_argument("--public-port", type=int, required=True, metavar="N")
    parser.add_argument("--admin-port", type=int, required=True, metavar="N")
    parser.add_argument("--hook-url", required=True, metavar="URL", help="told of every registration")
    parser.add_argument(
        "--hook-key-env",
        default="POSTROOM_WEBHOOK_KEY",
        metavar="VARIABLE",
        help="holds the key for the web-hook (default: %(default)s)",
    )
    parser.add_argument("--until-eof", action="store_true", help="stop when standard input ends (parent died)")
    return parser.parse_args()


def main() -> None:
    arguments = _arguments()
    if not (key := os.environ.get(arguments.hook_key_env)):
        sys.exit(f"The environment variable {arguments.hook_key_env} is empty or not set: put the key into it.")
    try:
        require_port(arguments.public_port, "The stand-in for Kratos", "--public-port")
        require_port(arguments.admin_port, "The stand-in for Kratos", "--admin-port")
    except ConfigurationError as error:
        sys.exit(str(error))
    if arguments.until_eof:
        end_with_parent()
    asyncio.run(
        serve(
            arguments.state,
            public_port=arguments.public_port,
            admin_port=arguments.admin_port,
            hook_url=arguments.hook_url,
            hook_key=key,
        )
    )


if __name__ == "__main__":
    main()
