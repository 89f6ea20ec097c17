"""The programs that the tests build from source with Go; `make programs` runs this module."""

import os
import time
from pathlib import Path

from tests.go_program import GoProgram, Missing, without

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


def build_all() -> None:
    """A program that cannot be built leaves the others alone: its tests say what is missing."""
    for program in PROGRAMS:
        if os.environ.get(without(program.name)) == "1":
            continue
        started = time.monotonic()
        try:
            program.build()
        except Missing as why:
            print(f"NOT BUILT: {program.name}: {why}", flush=True)  # noqa: T201 — make shows it
        else:
            print(f"{program.name}: {time.monotonic() - started:.0f} s", flush=True)  # noqa: T201 — make shows it


if __name__ == "__main__":
    build_all()
