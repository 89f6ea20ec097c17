"""While the breaker is open, one process checks whether the mail server is healthy; the others wait."""

from postroom.domain.breaker import Cause
from postroom.errors import DatabaseUnavailable, Misconfigured
from postroom.ports import Breakers, MailServer
from postroom.process.telemetry import DATABASE_ERRORS, log


class Probe:
    def __init__(self, breakers: Breakers, mail_server: MailServer) -> None:
        self._breakers = breakers
        self._mail_server = mail_server

    async def closed(self) -> bool:
        """Whether the breaker is closed, after a probe if one is due and no other process makes it. False also while
        the mail server asks for less."""
        try:
            found = await self._breakers.read()
            if not found.open:
                return found.slow_until is None
            breaker = await self._breakers.take_probe()
            if breaker is None:
                return False
            problem = await self._mail_server.health_check()
            if problem is not None:
                if isinstance(problem, Misconfigured) and problem.unauthorized:
                    await self._breakers.open(Cause.UNAUTHORIZED, str(problem))  # probed rarely, or it bans us
                log.info("Mail server is still unhealthy", error=str(problem), next_probe_in=breaker.interval)
                return False
            if not await self._breakers.close(breaker):
                return False  # it closed, or opened again, during the probe: the next call reads it
        except DatabaseUnavailable as error:
            DATABASE_ERRORS.labels(where="probe").inc()
            log.warning("Worker waits for PostgreSQL", error=str(error))
            return False
        log.info("Breaker closed: the mail server is healthy again")
        return True
