"""The commands of the trial as they are typed: `postroom up`, `postroom env` and `postroom sandbox`. Postroom finds
them by the entry point in `pyproject.toml`. What a command needs is imported when it is called."""

from pathlib import Path
from typing import Annotated

import typer

from postroom_sandbox.data_folder import DEFAULT_DATA_FOLDER
from postroom_sandbox.stalwart.faults import KINDS

AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]
Data = Annotated[Path, typer.Option("--data", help="Folder of the running trial.")]

sandbox = typer.Typer(help="The stand-ins of the trial: faults, mail, and what they hold.", rich_markup_mode=None)


def register(app: typer.Typer) -> None:
    app.command("up")(up_command)
    app.command("env")(env_command)
    app.add_typer(sandbox, name="sandbox")


def up_command(
    data: Annotated[
        Path, typer.Option("--data", help="Folder that keeps everything of the trial.")
    ] = DEFAULT_DATA_FOLDER,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the service, on loopback.")] = 3001,
    domain: Annotated[list[str] | None, typer.Option(help="Mail domain to serve; repeatable.")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start over: remove what the trial kept.")] = False,
    no_welcome: Annotated[
        bool, typer.Option("--no-welcome", help="Put no first message into each mailbox of the stand-in.")
    ] = False,
) -> None:
    """Run the whole of Postroom here, until Ctrl-C: databases, stand-ins, service and worker.

    Whatever POSTROOM_… names (a database, a Stalwart, a Kratos) is used instead of its embedded part.

    Example: postroom up --domain example.org --domain example.net
    """
    from postroom_sandbox.trial import up

    up(data, port, domain or ["example.org"], fresh=fresh, welcome=not no_welcome)


def env_command(data: Data = DEFAULT_DATA_FOLDER, as_json: AsJson = False) -> None:
    """Print addresses and keys of the running trial, as `export` lines for a shell.

    Example: eval "$(postroom env)"
    """
    from postroom_sandbox.trial import env

    env(data, as_json=as_json)


@sandbox.command("fault")
def fault_command(
    kind: Annotated[str, typer.Argument(help=f"{', '.join(KINDS)}; off lifts all; show tells which are on.")],
    word: Annotated[str | None, typer.Option(help="Only creates of, and mail to, addresses that contain this.")] = None,
    count: Annotated[int | None, typer.Option(help="Off again after so many.")] = None,
    probability: Annotated[float | None, typer.Option(help="Between 0 and 1.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of the chance, so that it can be repeated.")] = None,
    delay_ms: Annotated[int | None, typer.Option(help="Of slow, in milliseconds.")] = None,
    retry_after: Annotated[int | None, typer.Option(help="Of throttle, in seconds.")] = None,
    data: Data = DEFAULT_DATA_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Make the mail server of the trial fail, by HTTP PUT /_sandbox/faults.

    Example: postroom sandbox fault fail --word should-fail
    """
    from postroom_sandbox.stand_in import fault

    options = {
        "word": word,
        "count": count,
        "probability": probability,
        "seed": seed,
        "delay_ms": delay_ms,
        "retry_after": retry_after,
    }
    fault(data, kind, {name: value for name, value in options.items() if value is not None}, as_json=as_json)


@sandbox.command("state")
def state_command(data: Data = DEFAULT_DATA_FOLDER, as_json: AsJson = False) -> None:
    """Show the mailboxes that the stand-in for Stalwart holds, and how often it was asked.

    Example: postroom sandbox state --json
    """
    from postroom_sandbox.stand_in import state

    state(data, as_json=as_json)


@sandbox.command("deliver")
def deliver_command(
    to: Annotated[str, typer.Argument(metavar="TO", help="Address of a mailbox of the trial.")],
    sender: Annotated[str, typer.Option("--from", help="Who it is from.")] = "friend@example.com",
    subject: Annotated[str, typer.Option(help="Of the message; numbered where there are several.")] = "Hello",
    count: Annotated[int, typer.Option(min=1, help="How many messages.")] = 1,
    file: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="A message to send as it is, instead of one of ours."),
    ] = None,
    data: Data = DEFAULT_DATA_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Send mail to a mailbox of the trial, as another mail server would (by LMTP).

    Example: postroom sandbox deliver alice@example.org --subject "Good morning"
    """
    from postroom_sandbox.stand_in import deliver

    deliver(data, sender, to, subject, count=count, file=file, as_json=as_json)
