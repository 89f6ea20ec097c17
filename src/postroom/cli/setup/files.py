"""`postroom setup files`."""

from pathlib import Path

import typer

from postroom.cli.json_output import json_text
from postroom.cli.setup.steps import exit_code, print_steps
from postroom.setup import deployed_files as deployed


def deployed_files(folder: Path | None, *, force: bool, as_json: bool) -> None:
    if folder is not None:
        steps = deployed.write_all(folder, force=force)
        if as_json:
            typer.echo(json_text(steps))
        else:
            print_steps(steps)
        exit_code(steps)
        return
    paths = [str(deployed.ROOT.joinpath(*name.split("/"))) for name in deployed.names()]
    typer.echo(json_text(paths) if as_json else "\n".join(paths))
