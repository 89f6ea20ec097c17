"""Whose fault a failed attempt is: that of the request, or of the mail server."""

import asyncio
from collections.abc import Awaitable, Callable

from postroom.domain.breaker import LONGEST_SLOW, Cause, CreatesFail, cause_of
from postroom.domain.request import Verdict
from postroom.errors import (
    Conflict,
    DatabaseUnavailable,
    MailServerError,
    Misconfigured,
    Permanent,
    Throttled,
    Transient,
)
from postroom.ports import Breakers, Clock, MailServer
from postroom.process.telemetry import BREAKER_OPENED, DATABASE_ERRORS, log
from postroom.provisioning.single_flight import SingleFlight

LONGEST_CHECK = 4.0
"""Seconds that a health check or a create probe takes at most."""

STALL = 1.0
"""Seconds. Whoever overshoots a deadline by more was stopped, or its event loop was blocked: what it missed meanwhile
says nothing about the mail server."""


class Verdicts:
    """A health check shows whether the mail server is healthy, a create probe whether it makes mailboxes at all, a
    change probe whether it changes them. If it is unhealthy, the breaker opens for all. `change_probe`: None where
    nothing is changed."""

    def __init__(
        self,
        breakers: Breakers,
        mail_server: MailServer,
        clock: Clock,
        change_probe: Callable[[], Awaitable[MailServerError | None]] | None = None,
    ) -> None:
        self._breakers = breakers
        self._mail_server = mail_server
        self._clock = clock
        # One at a time: a health check writes to one account of the mail server, a create probe creates one.
        self._health = SingleFlight(self._check_health)
        self._creates = SingleFlight(self._probe_unless_known)
        self._probing = asyncio.Lock()  # the release probes, too
        self._change_probe = change_probe
        self._changes = SingleFlight(self._probe_changes)

    async def of(self, error: MailServerError, *, within: float, is_change: bool = False) -> Verdict:
        """The verdict on an attempt that has failed with `error`. `Verdict.NONE` if it takes longer than `within`
        seconds: an outcome after the lease would count as a crash."""
        try:
            async with asyncio.timeout(max(0.0, within)):
                return await self._of(error, self._changes if is_change else self._creates)
        except TimeoutError:
            return Verdict.NONE

    async def changes_work(self) -> bool:
        """Whether the mail server changes mailboxes, by a change probe."""
        return await self._changes.ask() is Verdict.HEALTHY

    async def probe_if_due(self) -> None:
        """While creates fail, probe once a minute whether they work again. Raises `DatabaseUnavailable`."""
        if fault := await self._breakers.take_create_probe():
            await self._probe(fault)

    async def _of(self, error: MailServerError, probe: SingleFlight[Verdict]) -> Verdict:
        match error:
            case Misconfigured(domain=None):
                return await self._unhealthy(error, str(error))
            case Transient():
                if problem := await self._health.ask():
                    return await self._unhealthy(problem, f"{error}; health check: {problem}")
            case Misconfigured() | Permanent() | Conflict():
                pass
            case Throttled(retry_after=float() | int() as seconds) if seconds > 0:
                await self._slow_down(min(seconds, LONGEST_SLOW))
                return Verdict.HEALTHY
            case _:
                return Verdict.HEALTHY  # it spends no retry
        return await probe.ask()

    async def _check_health(self) -> MailServerError | None:
        return await self._unless_we_stall(self._mail_server.health_check)

    async def _probe_unless_known(self) -> Verdict:
        try:
            fault = (await self._breakers.read()).creates
            return Verdict.CREATES if fault and fault.is_recent else await self._probe(fault)
        except DatabaseUnavailable:
            DATABASE_ERRORS.labels(where="create_probe").inc()
            return Verdict.NONE

    async def _probe(self, fault: CreatesFail | None) -> Verdict:
        """`fault` is what was known before."""
        async with self._probing:
            problem = await self._unless_we_stall(self._mail_server.create_probe)
        match problem:
            case None:
                if fault and await self._breakers.creates_work(fault):
                    log.info("Mail server makes mailboxes again")
                return Verdict.HEALTHY
            case Throttled() | Misconfigured(domain=None):
                return await self._unhealthy(problem, f"create probe: {problem}")
            case Transient() if illness := await self._health.ask():
                return await self._unhealthy(illness, f"create probe: {problem}; health check: {illness}")
            case _:
                await self._report_creates(problem)
                return Verdict.CREATES

    async def _probe_changes(self) -> Verdict:
        """Nothing is remembered of it: who waits for changes is tried again when it succeeds."""
        problem = await self._unless_we_stall(self._change_probe) if self._change_probe else None
        match problem:
            case None:
                return Verdict.HEALTHY
            case Throttled() | Misconfigured(domain=None):
                return await self._unhealthy(problem, f"change probe: {problem}")
            case Transient() if illness := await self._health.ask():
                return await self._unhealthy(illness, f"change probe: {problem}; health check: {illness}")
            case _:
                log.error(
                    "Mail server changes no mailbox, not even ours: an operator must act",
                    error=str(problem),
                    fix=problem.fix or "postroom check",
                )
                return Verdict.CHANGES

    async def _report_creates(self, problem: MailServerError) -> None:
        if await self._breakers.creates_fail(str(problem)):
            log.error(
                "Mail server makes no mailbox, not even ours: an operator must act",
                error=str(problem),
                fix=problem.fix or "postroom check",
            )

    async def _unless_we_stall(self, ask: Callable[[], Awaitable[MailServerError | None]]) -> MailServerError | None:
        began = self._clock.monotonic()
        problem = await ask()
        if problem and self._clock.monotonic() - began > LONGEST_CHECK + STALL:
            return Throttled("Postroom itself stalled while it asked the mail server")
        return problem

    async def _unhealthy(self, problem: MailServerError, message: str) -> Verdict:
        match problem:
            case Throttled():
                return Verdict.NONE
            case Misconfigured():
                await self._open_breaker(cause_of(problem), message)
                return Verdict.MISCONFIGURED
            case _:
                await self._open_breaker(Cause.OUTAGE, message)
                return Verdict.OUTAGE

    async def _slow_down(self, seconds: float) -> None:
        try:
            await self._breakers.slow_down(seconds)
        except DatabaseUnavailable:
            DATABASE_ERRORS.labels(where="breaker").inc()  # the next 429 does it
            return
        log.warning("Mail server asks for less: workers wait", seconds=seconds)

    async def _open_breaker(self, cause: Cause, error: str) -> None:
        try:
            await self._breakers.open(cause, error)
        except DatabaseUnavailable:
            DATABASE_ERRORS.labels(where="breaker").inc()  # the next failure opens it
            return
        BREAKER_OPENED.labels(cause=cause).inc()
        log.warning("Breaker opened: the mail server is not asked for now", cause=cause.value, error=error)
