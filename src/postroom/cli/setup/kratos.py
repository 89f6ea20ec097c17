"""`postroom setup kratos`."""

from pathlib import Path

import typer

from postroom.cli.environment import part_or_trial
from postroom.cli.json_output import json_text
from postroom.cli.setup.steps import exit_code, print_steps
from postroom.errors import ConfigurationError
from postroom.settings.web_urls import names_a_host, url_on_this_host
from postroom.setup import kratos


def set_up_kratos(folder: Path | None, at: Path | None, url: str | None, *, force: bool, as_json: bool) -> None:
    settings = part_or_trial(("webhook_key",) if folder else ())
    if url is not None and not names_a_host(url):
        raise ConfigurationError(f"--url {url}: must be a complete URL, such as http://10.0.0.5:3001")
    if at is not None and not at.is_absolute():
        raise ConfigurationError(f"--at {at}: must be an absolute path on the host of Kratos, such as {kratos.FOLDER}")
    url = url or url_on_this_host(settings.host, settings.port)
    if folder is None:
        _print(url, settings.public_url, as_json=as_json)
        return
    folder = folder.absolute()
    at = at or folder
    key, public_url = settings.webhook_key.get_secret_value(), settings.public_url
    steps = kratos.write(url, key, folder, at=at, public_url=public_url, force=force)
    if as_json:
        typer.echo(json_text(steps))
    else:
        print_steps(steps)
        hook = at / kratos.HOOK
        typer.echo(f"Only Kratos may read it: chown kratos {hook}. Then start Kratos with yours and these:", err=True)
        more = f" -c {at / kratos.INTERFACE}" if public_url else ""
        typer.echo(f"kratos serve -c YOURS.yml -c {hook}{more}", err=True)
        if not public_url:
            typer.echo(f"Set POSTROOM_PUBLIC_URL for {kratos.INTERFACE}, which the web interface needs", err=True)
    exit_code(steps)


def _print(url: str, public_url: str | None, *, as_json: bool) -> None:
    interface = {kratos.INTERFACE: kratos.interface(public_url)} if public_url else {}
    if as_json:
        typer.echo(json_text({kratos.HOOK: kratos.hook(url, None), kratos.BODY: kratos.body(), **interface}))
        return
    typer.echo(kratos.hook(url, None))
    typer.echo(f"# The file of its `body`, {kratos.FOLDER}/{kratos.BODY}:")
    typer.echo(kratos.body())
    for name, text in interface.items():
        typer.echo(f"# For the web interface, {kratos.FOLDER}/{name}:")
        typer.echo(text)
    typer.echo("The key is left out: --write FOLDER writes the files with it, readable by their owner.", err=True)
