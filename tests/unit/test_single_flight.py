"""One call, such as a health check, serves all callers that asked before it started."""

import asyncio

from postroom.errors import MailServerError, Transient
from postroom.provisioning.single_flight import SingleFlight

AWAY = Transient("does not write")


class Asked:
    """A mail server whose health checks finish when the test says so, with these verdicts in order."""

    def __init__(self, *verdicts: MailServerError | None) -> None:
        self.verdicts = list(verdicts)
        self.questions: list[asyncio.Future[None]] = []

    async def health_check(self) -> MailServerError | None:
        verdict = self.verdicts.pop(0)
        question = asyncio.get_running_loop().create_future()
        self.questions.append(question)
        await question
        return verdict


async def until_asked(server: Asked, times: int) -> None:
    while len(server.questions) < times:  # noqa: ASYNC110 — nothing but the loop needs to go round
        await asyncio.sleep(0)


async def test_failures_during_a_health_check_share_one_later_health_check() -> None:
    server = Asked(None, AWAY)
    health = SingleFlight(server.health_check)
    first = asyncio.create_task(health.ask())
    await until_asked(server, 1)
    later = [asyncio.create_task(health.ask()) for _ in range(5)]
    for _ in range(10):
        await asyncio.sleep(0)
    assert len(server.questions) == 1, "one at a time"
    server.questions[0].set_result(None)
    await until_asked(server, 2)
    server.questions[1].set_result(None)
    assert await first is None
    assert [await each for each in later] == [AWAY] * 5
    assert server.verdicts == []


async def test_cancelled_waiter_leaves_the_shared_health_check_to_others() -> None:
    server = Asked(AWAY)
    health = SingleFlight(server.health_check)
    asking = [asyncio.create_task(health.ask()) for _ in range(2)]
    await until_asked(server, 1)
    asking[0].cancel()
    server.questions[0].set_result(None)
    assert await asking[1] is AWAY
