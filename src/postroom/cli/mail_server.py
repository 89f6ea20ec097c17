"""`postroom pause` and `postroom resume`: they stop and continue the requests to the mail server."""

import getpass

import typer

from postroom.cli.control_characters import escape_control
from postroom.cli.database import connected_to_database
from postroom.cli.environment import settings_or_trial
from postroom.cli.json_output import json_text
from postroom.cli.look import required
from postroom.domain.address import normalise_domain
from postroom.domain.breaker import Cause
from postroom.errors import MailServerError, Refused, Throttled
from postroom.postgres.releases import PostgresReleases


async def pause(reason: str, *, as_json: bool) -> None:
    error = f"paused by {getpass.getuser()}: {required(reason)}"
    async with connected_to_database(settings_or_trial()) as parts:
        await parts.breakers.open(Cause.PAUSED, error)
    typer.echo(json_text({"paused": error}) if as_json else escape_control(f"{error}; postroom resume ends it"))


async def resume(domain: str | None, *, as_json: bool) -> None:
    if domain is not None:
        domain = normalise_domain(domain)
        waiting = await _resume_domain(domain)
        sentence = f"requests that wait for {domain}: {waiting}" + (
            "; they are tried again, one first" if waiting else ""
        )
        typer.echo(json_text({"domain": domain, "waiting": waiting}) if as_json else sentence)
        return
    problem = await _resume()
    if as_json:
        typer.echo(json_text({"healthy": problem is None, "error": problem and str(problem)}))
    else:
        typer.echo(escape_control(_health(problem)))
    if problem is not None:
        raise typer.Exit(1)


def _health(problem: MailServerError | None) -> str:
    match problem:
        case None:
            return "the mail server is healthy; requests continue"
        case Throttled():
            return f"the mail server is too busy for the health check, try again: {problem}"
        case _:
            return f"the mail server is still not healthy: {problem}"


async def _resume() -> MailServerError | None:
    async with connected_to_database(settings_or_trial()) as parts:
        breaker = await parts.breakers.read()
        problem = await parts.mail_server.health_check()
        if problem is None:
            await parts.breakers.close(breaker)
        return problem


async def _resume_domain(domain: str) -> int:
    settings = settings_or_trial()
    if domain not in settings.domains:
        raise Refused(
            "domain_not_served", f"{domain} is not a domain of POSTROOM_DOMAINS: {', '.join(settings.domains)}"
        )
    async with connected_to_database(settings) as parts:
        return await PostgresReleases(parts.pool).resume_domain(domain, actor=getpass.getuser())
