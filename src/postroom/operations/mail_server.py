"""Stops and continues the requests to the mail server; both leave a row in the audit."""

from collections.abc import Collection

from postroom.domain.address import normalise_domain
from postroom.errors import MailServerError, Refused
from postroom.operations.reason import required_reason
from postroom.ports import MailServer
from postroom.postgres.breaker import PostgresBreakers
from postroom.postgres.releases import PostgresReleases


async def pause(breakers: PostgresBreakers, *, actor: str, reason: str) -> str:
    """Send nothing to the mail server until `resume`. Returns the text that `postroom status` shows. Raises
    `Refused` for an empty reason and if requests are paused already, and `DatabaseUnavailable`."""
    message = f"paused by {actor}: {required_reason(reason)}"
    if not await breakers.pause(message, actor=actor, reason=reason):
        raise Refused("paused", f"already {(await breakers.read()).error}; postroom resume ends it")
    return message


async def resume(breakers: PostgresBreakers, mail_server: MailServer, *, actor: str) -> MailServerError | None:
    """Check the mail server, and continue if it is healthy; otherwise return what is wrong with it. Requests that wait
    because no mailbox could be made are tried again, whatever the create probe shows. Raises `Refused` if somebody, or
    a failure, stopped requests during the check, and `DatabaseUnavailable`."""
    breaker = await breakers.read()
    problem = await mail_server.health_check()
    if problem is not None:
        return problem
    if breaker.creates:
        await breakers.resume_creates(breaker.creates, actor=actor)
    if not await breakers.resume(breaker, actor=actor) and (stopped := await breakers.read()).open:
        raise Refused("stopped_meanwhile", f"requests to the mail server were stopped meanwhile: {stopped.error}")
    return None


async def resume_domain(
    releases: PostgresReleases, name: str, *, served: Collection[str], actor: str
) -> tuple[str, int]:
    """Release the requests that wait for this mail domain. Returns the domain as addresses have it, and how many they
    are. Raises `Refused` for a domain that is not `served`, and `DatabaseUnavailable`."""
    domain = normalise_domain(name)
    if domain not in served:
        raise Refused("domain_not_served", f"{domain} is not a domain of POSTROOM_DOMAINS: {', '.join(served)}")
    return domain, await releases.resume_domain(domain, actor=actor)
