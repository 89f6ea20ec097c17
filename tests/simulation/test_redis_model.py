"""The model of Redis does what the real one does, `claim.lua` included: drawn calls of Postroom's adapters run on
both, which are compared after each."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from fakes import our_installation, request_of
from postroom.domain.request import State
from postroom.queue.epoch import EPOCH_KEY
from postroom.queue.members import RedisMembers
from postroom.queue.retry_set import KEY, RetrySet
from simulation.ports import SimulatedRedis
from simulation.redis_model import RedisModel

STEPS = 300
APART = 2.0


class DirectLine:
    """A connection without faults."""

    dead = False

    async def ask(self, call: str, effect: Any, lost: Any) -> Any:
        return effect()


@pytest.mark.parametrize("seed", range(3))
async def test_redis_model_matches_redis_in_every_call(seed: int, redis: Redis) -> None:
    chance, model = Random(seed), RedisModel(time.time)
    clients = [redis, cast(Redis, SimulatedRedis(model, DirectLine()))]
    people = [
        request_of(state=State.WAITING, email=f"user-{number}@example.org", enqueued_at=datetime.now(UTC))
        for number in range(8)
    ]
    requests = [replace(each, due_at=_drawn(chance)) for each in people]

    def some() -> list[Any]:
        return chance.sample(requests, chance.randint(1, 3))

    async def members_of(client: Redis) -> dict[str, float]:
        found: Any = await client.zrange(KEY, 0, -1, withscores=True)
        return dict(found)

    for _ in range(STEPS):
        which, chosen, limit = chance.randrange(9), some(), chance.randint(1, 3)
        requests = [replace(each, due_at=_drawn(chance)) if each in chosen else each for each in requests]
        held = sorted(model.scores)[:limit]
        adapters = [
            (RetrySet(client, our_installation, lease=30), RedisMembers(client, our_installation)) for client in clients
        ]
        answers = [await _call(which, *each, chosen, held, limit) for each in adapters]
        assert answers[0] == pytest.approx(answers[1], abs=APART) if which == 8 else answers[0] == answers[1]
        real = await members_of(redis)
        assert real.keys() == model.scores.keys()
        assert real == pytest.approx(model.scores, abs=APART)
        assert await redis.get(EPOCH_KEY) == model.epoch
    assert model.scores


async def _call(
    which: int, retry_set: RetrySet, members: RedisMembers, chosen: list[Any], held: list[str], limit: int
) -> Any:
    match which:
        case 0:
            return await retry_set.replace(chosen[0], held)
        case 1:
            return await retry_set.restore(held[0], _in(-50)) if held else None
        case 2:
            return await retry_set.add(chosen)
        case 3:
            return await retry_set.remove(held[:1])
        case 4:
            return await members.add(chosen)
        case 5:
            await members.set_epoch()
            return await members.has_epoch(), await members.length()
        case 6:
            pages = [sorted(page) async for page in members.pages(1000)]
            return [member for page in pages for member in page], await members.absent(chosen)
        case 7:
            return sorted(await members.window(1, 90, 100))
        case _:
            due = await retry_set.due(100)
            assert {each.member for each in due.entries} <= set(await _everything(members))
            return [due.next_in or 0.0, float(len(due.entries))]


async def _everything(members: RedisMembers) -> list[str]:
    return [member async for page in members.pages(1000) for member in page]


def _in(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def _drawn(chance: Random) -> datetime:
    return _in(chance.choice([-100, -20, 20, 50, 200]) + chance.random() / 100)
