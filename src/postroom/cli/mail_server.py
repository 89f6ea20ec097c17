"""`postroom pause` and `postroom resume`: they stop and continue the requests to the mail server."""

import typer

from postroom.checks.mail_server import of_problem
from postroom.cli.control_characters import escape_control
from postroom.cli.database import connected_to_database
from postroom.cli.environment import settings_or_trial
from postroom.cli.json_output import json_text
from postroom.cli.operator import operator_name
from postroom.errors import MailServerError, Throttled
from postroom.operations import mail_server
from postroom.postgres.releases import PostgresReleases


async def pause(reason: str, *, as_json: bool) -> None:
    async with connected_to_database(settings_or_trial()) as parts:
        message = await mail_server.pause(parts.breakers, actor=operator_name(), reason=reason)
    typer.echo(json_text({"paused": message}) if as_json else escape_control(f"{message}; postroom resume ends it"))


async def resume(domain: str | None, *, as_json: bool) -> None:
    if domain is not None:
        await _resume_domain(domain, as_json=as_json)
        return
    settings = settings_or_trial()
    async with connected_to_database(settings) as parts:
        problem = await mail_server.resume(parts.breakers, parts.mail_server, actor=operator_name())
    fix = problem and of_problem(problem, settings.stalwart_url).fix
    if as_json:
        typer.echo(json_text({"healthy": problem is None, "error": problem and str(problem), "fix": fix}))
    else:
        typer.echo(escape_control(_health(problem, fix)))
    if problem is not None:
        raise typer.Exit(1)


async def _resume_domain(domain: str, *, as_json: bool) -> None:
    settings = settings_or_trial()
    async with connected_to_database(settings) as parts:
        releases, actor = PostgresReleases(parts.pool), operator_name()
        domain, waiting = await mail_server.resume_domain(releases, domain, served=settings.domains, actor=actor)
    message = f"requests that wait for {domain}: {waiting}" + ("; they are tried again, one first" if waiting else "")
    typer.echo(json_text({"domain": domain, "waiting": waiting}) if as_json else message)


def _health(problem: MailServerError | None, fix: str | None) -> str:
    match problem:
        case None:
            return "the mail server is healthy; requests continue"
        case Throttled():
            return f"the mail server is too busy for the health check, try again: {problem}"
        case _:
            return f"the mail server is still not healthy: {problem}; {fix}"
