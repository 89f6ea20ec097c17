"""`postroom check`."""

import getpass
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import typer

from postroom.checks.all import run_checks
from postroom.checks.allowed_ip import fix_allowed_ip
from postroom.checks.finding import Finding
from postroom.checks.upload_quota import fix_upload_quota
from postroom.checks.web_hook import fix_web_hook
from postroom.cli.environment import settings_or_trial
from postroom.cli.json_output import json_text
from postroom.cli.terminal import out, print_findings
from postroom.composition.parts import authorization, connected
from postroom.errors import ConfigurationError
from postroom.settings import Settings, unknown
from postroom.stalwart.registry_client import StalwartClient


async def check(*, fix: bool, dry_run: bool, admin: str | None, as_json: bool) -> None:
    if dry_run and not fix:
        raise ConfigurationError("--dry-run tells what --fix would do: give both")
    try:
        settings = settings_or_trial()
    except ConfigurationError as error:
        findings = [Finding("settings", "error", str(error), "docs/reference/settings.md")]
    else:
        strangers = [Finding("settings", "warning", str(each), each.fix) for each in unknown()]
        password = _password(admin) if admin else ""
        findings = strangers + await _look(settings, admin, password, fix=fix, dry_run=dry_run)
    if as_json:
        typer.echo(json_text(findings))
    else:
        print_findings(out(), "", findings)
    if any(finding.state == "error" for finding in findings):
        raise typer.Exit(1)


def _password(login: str) -> str:
    """Never an argument or a variable: those stay in the shell's history."""
    try:
        found = getpass.getpass(f"Password of {login} at Stalwart: ") if sys.stdin.isatty() else sys.stdin.readline()
    except EOFError:
        found = ""
    found = found.rstrip("\r\n")
    if not found:
        raise ConfigurationError(f"no password of {login}: type it, or send it to standard input")
    return found


async def _look(settings: Settings, admin: str | None, password: str, *, fix: bool, dry_run: bool) -> list[Finding]:
    async with connected(settings) as parts, _administrator(settings, admin, password) as administrator:
        done: list[Finding | None] = []
        if fix:
            done.append(await fix_web_hook(parts, administrator, dry_run=dry_run))
            done.append(await fix_allowed_ip(parts, administrator, dry_run=dry_run))
            done.append(await fix_upload_quota(parts, administrator, dry_run=dry_run))
        # An administrator who was refused is not sent once more: that counts towards a ban of this host.
        inspector = None if administrator and administrator.refused else administrator
        return [*filter(None, done), *await run_checks(parts, of_mail=True, administrator=inspector)]


@asynccontextmanager
async def _administrator(settings: Settings, login: str | None, password: str) -> AsyncGenerator[StalwartClient | None]:
    if login is None:
        yield None
        return
    client = StalwartClient(settings.stalwart_url, authorization(f"{login}:{password}"))
    try:
        yield client
    finally:
        await client.aclose()
