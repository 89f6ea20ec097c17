"""`postroom sandbox`: make the stand-ins of the trial fail, and see what they hold."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import httpx2
import typer
from rich.console import Console

from postroom.errors import ConfigurationError
from postroom.sandbox.data_folder import DEFAULT_DATA_FOLDER, DataFolder
from postroom.sandbox.stalwart.faults import KINDS

app = typer.Typer(help="The stand-ins of the trial: faults, and what they hold.", no_args_is_help=True)

Data = Annotated[Path, typer.Option("--data", help="Folder of the running trial.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]


@app.command("fault")
def fault_command(
    kind: Annotated[str, typer.Argument(help=f"{', '.join(KINDS)}; off lifts all; show tells which are on.")],
    word: Annotated[str | None, typer.Option(help="Only creates whose address contains this.")] = None,
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
    options = {
        "word": word,
        "count": count,
        "probability": probability,
        "seed": seed,
        "delay_ms": delay_ms,
        "retry_after": retry_after,
    }
    match kind:
        case "off":
            _ask(data, "DELETE", "faults")
        case "show":
            pass
        case _:
            fault = {"kind": kind} | {name: value for name, value in options.items() if value is not None}
            _ask(data, "PUT", "faults", fault)
    faults = _ask(data, "GET", "state")["faults"]
    if as_json:
        typer.echo(json.dumps(faults, indent=2))
    else:
        for fault in faults:
            typer.echo(
                f"{fault['kind']} is on: {KINDS[fault['kind']]}" + (f" ({fault['word']})" if fault["word"] else "")
            )
        if not faults:
            typer.echo("no fault is on: the mail server works")


@app.command("state")
def state_command(data: Data = DEFAULT_DATA_FOLDER, as_json: AsJson = False) -> None:
    """Show the mailboxes that the stand-in for Stalwart holds, and how often it was asked.

    Example: postroom sandbox state --json
    """
    state = _ask(data, "GET", "state")
    if as_json:
        typer.echo(json.dumps(state, indent=2))
        return
    console = Console()
    for account in state["accounts"]:
        console.print(account["id"], ", ".join(account["addresses"]), *account["marks"])
    console.print(state["requests"])


def _ask(data: Path, method: str, what: str, body: Mapping[str, object] | None = None) -> dict[str, Any]:
    url = DataFolder(data).read_trial()["environment"]["POSTROOM_STALWART_URL"] + f"/_sandbox/{what}"
    try:
        answer = httpx2.request(method, url, json=body, timeout=10, trust_env=False)
    except httpx2.HTTPError as error:
        raise ConfigurationError(f"the stand-in for Stalwart does not answer at {url}: {error}") from error
    if answer.status_code == 404:
        raise ConfigurationError("this trial uses a Stalwart of yours; faults are for the stand-in")
    if answer.status_code != 200:
        raise ConfigurationError(f"the stand-in refused: {answer.text}")
    return answer.json()
