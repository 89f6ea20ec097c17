"""The commands of the trial as they are typed: `postroom up`, `postroom env` and `postroom sandbox`. Postroom finds
them by the entry point in `pyproject.toml`. What a command needs is imported when it is called."""

from pathlib import Path
from typing import Annotated

import typer

from postroom.cli.options import AsJson, DryRun
from postroom_sandbox.data_folder import DEFAULT_DATA_FOLDER
from postroom_sandbox.stalwart.faults import KINDS

Data = Annotated[Path, typer.Option("--data", help="The folder of the trial.")]

sandbox = typer.Typer(help="Control the stand-ins of the trial.", rich_markup_mode=None)


def _kinds(incomplete: str) -> list[str]:
    return [kind for kind in (*KINDS, "off", "show") if kind.startswith(incomplete)]


def register(app: typer.Typer) -> None:
    app.command("up")(up_command)
    app.command("env")(env_command)
    app.add_typer(sandbox, name="sandbox")


def up_command(
    data: Data = DEFAULT_DATA_FOLDER,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The port of the service, on loopback; 0 takes a free one.")
    ] = 3001,
    domain: Annotated[
        list[str] | None, typer.Option(help="A mail domain to serve, instead of example.org; repeatable.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Remove the data of an earlier trial first.")] = False,
    no_welcome: Annotated[
        bool, typer.Option("--no-welcome", help="Put no welcome message into new mailboxes.")
    ] = False,
    interface: Annotated[
        bool, typer.Option("--build-interface", help="Build the web interface meanwhile, if its sources changed.")
    ] = False,
    empty: Annotated[bool, typer.Option("--empty", help="Make no person whose mailbox has mail in it.")] = False,
) -> None:
    """Run a trial here, until Ctrl-C.

    It starts databases, stand-ins for Stalwart and Kratos, and the service. A server of yours that a POSTROOM_…
    variable names (a database, a Stalwart, a Kratos) is used instead of the trial's own. The first start fills the
    mailbox of one person, whose login it prints.

    Example: postroom up --domain example.org --domain example.net
    """
    from postroom_sandbox.trial import up

    up(data, port, domain or [], fresh=fresh, welcome=not no_welcome, empty=empty, interface=interface)


def env_command(data: Data = DEFAULT_DATA_FOLDER, as_json: AsJson = False) -> None:
    """Print the settings of the running trial.

    Each is an `export` line. They hold the trial's passwords and keys.

    Example: eval "$(postroom env)"
    """
    from postroom_sandbox.trial import env

    env(data, as_json=as_json)


@sandbox.command("fault")
def fault_command(
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND",
            autocompletion=_kinds,
            help=f"One of {', '.join(KINDS)}; off ends all faults; show prints those that are on.",
        ),
    ],
    word: Annotated[str | None, typer.Option(help="Affect only addresses that contain this text.")] = None,
    count: Annotated[int | None, typer.Option(min=1, help="End the fault after so many failures.")] = None,
    probability: Annotated[
        float | None, typer.Option(min=0, max=1, help="Fail with this probability, from 0 to 1.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of --probability, to repeat a run.")] = None,
    error: Annotated[
        str | None, typer.Option(help="Type of the error, for refuse-creates and break-creates (RFC 8620).")
    ] = None,
    delay_ms: Annotated[int | None, typer.Option(min=0, help="Milliseconds of delay, for slow and late.")] = None,
    retry_after: Annotated[int | None, typer.Option(min=0, help="Seconds of Retry-After, for throttle.")] = None,
    data: Data = DEFAULT_DATA_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Make the trial's mail server fail.

    One fault of each kind can be on at a time. They stay on when the trial is started again.

    Example: postroom sandbox fault fail --word should-fail
    """
    from postroom_sandbox.control_client import fault

    options = {
        "word": word,
        "count": count,
        "probability": probability,
        "seed": seed,
        "error": error,
        "delay_ms": delay_ms,
        "retry_after": retry_after,
    }
    fault(data, kind, {name: value for name, value in options.items() if value is not None}, as_json=as_json)


@sandbox.command("state")
def state_command(data: Data = DEFAULT_DATA_FOLDER, as_json: AsJson = False) -> None:
    """Show the mailboxes of the stand-in.

    Each with its id, its addresses and its mark; then how many requests of each kind it got.

    Example: postroom sandbox state --json
    """
    from postroom_sandbox.control_client import state

    state(data, as_json=as_json)


@sandbox.command("deliver")
def deliver_command(
    to: Annotated[str, typer.Argument(metavar="TO", help="The address of a mailbox of the trial.")],
    sender: Annotated[str, typer.Option("--from", help="The sender's address.")] = "friend@post.example.com",
    subject: Annotated[str, typer.Option(help="The subject; numbered if there are several messages.")] = "Hello",
    count: Annotated[int, typer.Option(min=1, help="The number of messages.")] = 1,
    file: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Send this message (RFC 5322) as it is."),
    ] = None,
    data: Data = DEFAULT_DATA_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Send mail to a mailbox of the trial.

    It goes by LMTP, as from another mail server.

    Example: postroom sandbox deliver alice@example.org --subject "Good morning"
    """
    from postroom_sandbox.control_client import deliver

    deliver(data, sender, to, subject, count=count, file=file, as_json=as_json)


@sandbox.command("fill")
def fill_command(
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="The address of a mailbox of the trial.")],
    mails: Annotated[int, typer.Option(min=1, max=1_000_000, help="The number of mails.")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="Another seed gives other mail; the same one the same.")] = 1,
    thread: Annotated[
        int | None,
        typer.Option(
            min=0, max=1000, help="Messages of one long conversation; by default 200 from 5,000 mails on, else none."
        ),
    ] = None,
    dry_run: DryRun = False,
    data: Data = DEFAULT_DATA_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Put believable mail into a mailbox.

    Conversations, newsletters, attachments, drafts and spam of the last two years, read and unread, in several
    languages and mailboxes. All people and firms are invented. Filling twice doubles the mail.

    Example: postroom sandbox fill alice@example.org --mails 50000
    """
    from postroom_sandbox.mailbox_filling import fill

    fill(data, address, mails, seed, thread, dry_run=dry_run, as_json=as_json)
