"""`postroom setup stalwart`."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path

import typer

from postroom.checks.mail_server import of_problem
from postroom.cli.json_output import json_text
from postroom.cli.password import password_of
from postroom.cli.setup.steps import exit_code, print_steps, progress
from postroom.errors import ConfigurationError, MailServerError
from postroom.settings.environment import load_part
from postroom.setup.administrator import administrator
from postroom.setup.stalwart import Choices, Secrets, set_up
from postroom.stalwart.allowed_ips import IpNetwork
from postroom.stalwart.version import version_of

_LARGEST = 8
"""The shortest prefix of a network in `allowedIps` that Stalwart takes (0.16.19)."""


@dataclass(frozen=True, slots=True)
class StalwartOptions:
    impersonate: bool
    secrets: Path
    addresses: tuple[str, ...]
    hosts: tuple[str, ...]
    registered_clients: bool
    remove_key: str | None
    version: str | None


async def set_up_stalwart(login: str, options: StalwartOptions, *, dry_run: bool, as_json: bool) -> None:
    settings = load_part(("stalwart_url", "domains"))
    choices = Choices(
        options.impersonate,
        [_network("--address", each) for each in options.addresses],
        [_host(each) for each in options.hosts],
        options.registered_clients,
        options.remove_key,
        None if options.version is None else version_of(options.version),
    )
    secrets = Secrets.of(os.environ, options.secrets)
    password = password_of(login)
    try:
        with progress("Stalwart") as report:
            async with administrator(settings.stalwart_url, login, password, dry_run=dry_run) as by:
                steps = [report(step) async for step in set_up(by, settings, secrets, choices)]
    except MailServerError as error:
        found = of_problem(error, settings.stalwart_url)
        raise ConfigurationError(found.details, fix=found.fix) from error
    if as_json:
        typer.echo(json_text({"steps": steps, "settings": secrets.unconfigured}))
    else:
        print_steps(steps)
        _print_next(secrets.unconfigured, changed=any(step.state == "changed" for step in steps))
    exit_code(steps)


def _print_next(lacking: Mapping[str, str], *, changed: bool) -> None:
    """On standard error: in a pipe, standard output holds rows only."""
    if lacking:
        typer.echo("Settings that Postroom needs to read these secrets, and that this environment lacks:", err=True)
        typer.echo("\n".join(f"{name}={value}" for name, value in lacking.items()), err=True)
    if changed:
        typer.echo("Restart Postroom if it runs, then: postroom check", err=True)


def _network(option: str, text: str) -> IpNetwork:
    try:
        return ip_network(text)
    except ValueError:
        raise ConfigurationError(f"{option} {text}: an IP address or a network is needed, such as 10.0.0.5") from None


def _host(text: str) -> IpNetwork:
    network = _network("--allowed-ip", text)
    if network.prefixlen < _LARGEST:
        raise ConfigurationError(f"--allowed-ip {text}: Stalwart binds a key to no network larger than a /{_LARGEST}")
    return network
