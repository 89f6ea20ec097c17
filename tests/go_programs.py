"""What takes minutes to build, and the tests find in the cache: programs of Go, and the base of the image.
`make programs` runs this module."""

import sys
import time
from pathlib import Path

from tests.engine import Base
from tests.go_program import GoProgram
from tests.missing import Missing, is_agreed, is_ci

TESTS = Path(__file__).parent
KRATOS = GoProgram(
    "Kratos 1.3.1",
    "github.com/ory/kratos",
    needs=("gcc",),  # for its SQLite
    flags=("-buildvcs=false", "-tags", "sqlite"),
    source=TESTS / "kratos",
)
CENTRIFUGO = GoProgram("Centrifugo 6.9.1", "github.com/centrifugal/centrifugo/v6@v6.9.1")
CADDY = GoProgram("Caddy 2.11.9", "github.com/caddyserver/caddy/v2/cmd/caddy@v2.11.9")
COMPOSE_PARSER = GoProgram("Compose parser", ".", source=TESTS / "compose")
DOCKERFILE_PARSER = GoProgram("Dockerfile parser", ".", source=TESTS / "dockerfile")
KUBERNETES_TYPES = GoProgram("Kubernetes types", ".", flags=("-buildvcs=false",), source=TESTS / "kubernetes")
MAIL_PARSER = GoProgram("Mail parser", ".", source=TESTS / "mail_parser")
PROGRAMS = (KRATOS, CENTRIFUGO, CADDY, COMPOSE_PARSER, DOCKERFILE_PARSER, KUBERNETES_TYPES, MAIL_PARSER)


def build_all() -> int:
    """Return the exit code. A program that cannot be built leaves the others alone: its tests say what is missing.
    In CI it is a failure at once, unless CI agreed to do without it."""
    code = 0
    for program in (*PROGRAMS, Base()):
        if is_agreed(program.name):
            continue
        started = time.monotonic()
        try:
            program.build()
        except Missing as why:
            code = int(is_ci())
            print(f"NOT BUILT: {program.name}: {why}", flush=True)  # noqa: T201 — make shows it
        else:
            print(f"{program.name}: {time.monotonic() - started:.0f} s", flush=True)  # noqa: T201 — make shows it
    return code


if __name__ == "__main__":
    sys.exit(build_all())
