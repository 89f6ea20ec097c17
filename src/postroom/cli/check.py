"""`postroom check`."""

from collections.abc import AsyncGenerator, Set
from contextlib import asynccontextmanager

import typer

from postroom.checks.all import run_checks
from postroom.checks.allowed_ip import fix_allowed_ip
from postroom.checks.finding import Finding
from postroom.checks.settings import unknown_settings, wrong_settings
from postroom.checks.stalwart_version import stalwart_version
from postroom.checks.upload_quota import fix_upload_quota
from postroom.checks.webhook import fix_webhook
from postroom.cli.environment import environment_or_trial
from postroom.cli.json_output import json_text
from postroom.cli.password import password_of
from postroom.cli.terminal import out, print_findings
from postroom.composition.parts import Parts, authorization, connected
from postroom.errors import ConfigurationError
from postroom.settings.environment import load_what_is_right, unknown
from postroom.settings.settings import Settings
from postroom.stalwart.registry_client import StalwartClient
from postroom.stalwart.version import version_of


async def check(version: str | None, *, fix: bool, dry_run: bool, admin: str | None, as_json: bool) -> None:
    if dry_run and not fix:
        raise ConfigurationError("--dry-run says what --fix would do: give both")
    of_version = stalwart_version(None if version is None else version_of(version))
    environment, no_trial = environment_or_trial()
    settings, wrong = load_what_is_right(environment)
    findings = [*wrong_settings(wrong), *unknown_settings(unknown(environment))]
    if wrong and no_trial:
        findings.append(Finding("trial", "warning", no_trial, "set the settings of your service, or start a trial"))
    password = password_of(admin) if admin else ""
    findings += await _checked(settings, {each.setting for each in wrong}, admin, password, fix=fix, dry_run=dry_run)
    findings.append(of_version)
    if as_json:
        typer.echo(json_text(findings))
    else:
        print_findings(out(), "", findings)
    if any(finding.state == "error" for finding in findings):
        raise typer.Exit(1)


async def _checked(
    settings: Settings, wrong: Set[str], admin: str | None, password: str, *, fix: bool, dry_run: bool
) -> list[Finding]:
    async with connected(settings) as parts, _administrator(settings, admin, password) as administrator:
        done = await _fixed(parts, administrator, wrong, dry_run=dry_run) if fix else []
        # An administrator who was refused is not sent once more: that counts towards a ban of this host.
        inspector = None if administrator and administrator.refused else administrator
        return [*done, *await run_checks(parts, of_mail=True, administrator=inspector, wrong=wrong)]


async def _fixed(
    parts: Parts, administrator: StalwartClient | None, wrong: Set[str], *, dry_run: bool
) -> list[Finding]:
    if wrong:
        return [Finding("fix", "error", "nothing was done: settings are wrong", "correct them, then run it again")]
    fixes = (fix_webhook, fix_allowed_ip, fix_upload_quota)
    return [done for each in fixes if (done := await each(parts, administrator, dry_run=dry_run))]


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
