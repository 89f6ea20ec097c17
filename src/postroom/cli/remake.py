"""`postroom remake`: makes a mailbox again that the mail server no longer has."""

import typer

from postroom.cli.control_characters import escape_control
from postroom.cli.database import connected_to_database
from postroom.cli.environment import settings_or_trial
from postroom.cli.json_output import json_text
from postroom.cli.operator import operator_name
from postroom.composition.parts import Parts
from postroom.domain.missing import Sighting
from postroom.domain.request import Request, State
from postroom.errors import ConfigurationError, MailServerError, Refused
from postroom.operations.requests import RequestOperations
from postroom.postgres.inspected import PostgresInspected

LOOKUP_TIMEOUT = 10.0


async def remake(who: str, *, dry_run: bool, as_json: bool) -> None:
    request, sighting, remade = await _remake(who, dry_run=dry_run)
    if as_json:
        content = {"identity_id": request.identity_id, "email": request.email, "found": sighting, "remade": remade}
        typer.echo(json_text(content))
    else:
        typer.echo(escape_control(f"{request.email}: {_words(sighting, remade=remade)}"))
    if sighting is Sighting.PRESENT:
        raise typer.Exit(1)


async def _remake(who: str, *, dry_run: bool) -> tuple[Request, Sighting | None, bool]:
    async with connected_to_database(settings_or_trial()) as parts:
        operations = RequestOperations(parts.pool, parts.retry_index)
        request = await operations.find(who)
        sighting = await _look_up(parts, request)
        if dry_run or sighting is Sighting.PRESENT:
            return request, sighting, False
        return await operations.remake(request, actor=operator_name()), sighting, True


async def _look_up(parts: Parts, request: Request) -> Sighting | None:
    """What the mail server says; None if the record is lost that says what to ask for."""
    recorded = await PostgresInspected(parts.pool).recorded(request.identity_id)
    if recorded is None:
        if request.state is State.PROVISIONED:
            return None
        raise Refused("wrong_state", f"the request of {request.email} is {request.state}: there is nothing to remake")
    try:
        seen = await parts.inspection.lookup.look_up([recorded], deadline=LOOKUP_TIMEOUT)
        return seen[request.identity_id].sighting
    except MailServerError as error:
        raise ConfigurationError(
            f"cannot find out whether the mail server has the mailbox: {error}; nothing was changed"
        ) from error


def _words(sighting: Sighting | None, *, remade: bool) -> str:
    if sighting is None:
        done = "a worker finds it" if remade else "a worker would find it"
        return f"its record is lost; {done} by its mark within seconds, or makes it again"
    if sighting is Sighting.PRESENT:
        return "the mail server has it, with the identity's mark; there is nothing to remake"
    what = (
        "the mail server does not have it"
        if sighting is Sighting.MISSING
        else "an account without the identity's mark has its id"
    )
    return f"{what}; a worker makes it again within seconds" if remade else f"{what}; it would be made again"
