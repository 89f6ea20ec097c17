"""The guesses of passwords and codes, counted in Redis and in a process."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from postroom.domain.guess import WINDOW, Guess
from postroom.people.ports import Guesses
from postroom.people.process_guesses import MOST_NAMES, ProcessGuesses
from postroom.queue.guesses import AT_ONCE, PREFIX, RedisGuesses
from postroom.queue.retry_set import connect


@pytest.fixture(params=["redis", "process", "no answer"])
async def guesses(request: pytest.FixtureRequest, redis_url: str) -> AsyncIterator[Guesses]:
    if request.param == "process":
        yield ProcessGuesses()
        return
    redis = connect(redis_url if request.param == "redis" else "redis://127.0.0.1:1")
    yield RedisGuesses(redis)
    await redis.aclose()


async def test_guess_learns_of_those_of_its_client_and_those_for_its_addresses(guesses: Guesses) -> None:
    await guesses.add(Guess("1", "here", ["ada"], 1000.25))
    await guesses.add(Guess("2", "there", ["ada"], 1001))
    await guesses.add(Guess("3", "here", [], 1002))
    before = await guesses.add(Guess("4", "here", ["ada", "ben"], 1003))
    assert [(moment, list(found)) for moment, found in before.of_client] == [(1000.25, ["ada"]), (1002, [])]
    assert before.for_address == {"ada": [1000.25, 1001], "ben": []}


async def test_removed_and_old_guesses_do_not_count(guesses: Guesses) -> None:
    old, removed = Guess("1", "here", ["ada"], 1000), Guess("2", "here", ["ada", "ben"], 1001)
    await guesses.add(old)
    await guesses.add(removed)
    await guesses.remove(removed)
    await guesses.remove(removed)
    before = await guesses.add(Guess("3", "here", ["ada", "ben"], 999.9 + WINDOW))
    assert (len(before.of_client), before.for_address) == (1, {"ada": [1000], "ben": []})
    await guesses.remove(Guess("3", "here", ["ada", "ben"], 999.9 + WINDOW))
    before = await guesses.add(Guess("4", "here", ["ada"], 1000.1 + WINDOW))
    assert (before.of_client, before.for_address) == ([], {"ada": []})


async def test_address_behind_a_session_or_a_flow_is_remembered(guesses: Guesses) -> None:
    assert await guesses.addresses_of("flow") is None
    await guesses.remember("flow", "ada", 1000)
    assert await guesses.addresses_of("flow") == "ada"


async def test_processes_count_together_in_redis(redis_url: str, redis: Redis) -> None:
    one, other = connect(redis_url), connect(redis_url)
    await RedisGuesses(one).add(Guess("1", "here", ["ada"], 1000))
    before = await RedisGuesses(other).add(Guess("2", "here", ["ada"], 1001))
    assert (len(before.of_client), before.for_address) == (1, {"ada": [1000]})
    for key in await redis.keys(f"{PREFIX}:[ac]*"):
        assert 0 < await redis.ttl(key) <= WINDOW
    await one.aclose()
    await other.aclose()


async def test_burst_of_guesses_does_not_make_redis_too_slow_to_count_them(redis_url: str, redis: Redis) -> None:
    client = connect(redis_url)
    guesses = RedisGuesses(client)
    burst = [Guess(str(number), "here", ["ada"], 1000 + number) for number in range(100)]
    await asyncio.gather(*map(guesses.add, burst))
    await asyncio.gather(*map(guesses.remove, burst))
    # Each connection that it opens costs the time of the calls behind it, and each call has 250 ms.
    assert len(await redis.client_list()) <= AT_ONCE + 1
    await client.aclose()


async def test_no_guess_waits_for_many_others_while_redis_never_answers() -> None:
    async def never_answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.append(writer)

    connected: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(never_answer, "127.0.0.1", 0)
    client = connect(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    guesses = RedisGuesses(client)
    await asyncio.gather(*(guesses.add(Guess(str(number), "here", ["ada"], 1000)) for number in range(400)))
    assert len((await guesses.add(Guess("x", "here", ["ada"], 1000))).of_client) == 400
    assert len(connected) < 200, "the others did not wait for the silence of Redis"
    for each in connected:
        each.close()
    server.close()
    await client.aclose()


@pytest.mark.parametrize("clients", [1, 200])
async def test_burst_of_refused_guesses_removes_no_counted_one(redis_url: str, redis: Redis, clients: int) -> None:
    client = connect(redis_url)
    guesses = RedisGuesses(client)
    counted = [Guess(f"a{number}", "here", ["ada"], 1000 + number) for number in range(10)]
    burst = [Guess(f"b{number}", f"here {number}" if clients > 1 else "here", ["ada"], 1100) for number in range(200)]
    for each in counted:
        await guesses.add(each)
    for each in burst:
        await guesses.add(each)  # all of them before the first is refused
    for each in burst:
        await guesses.remove(each)
    before = await guesses.add(Guess("c", "here", ["ada"], 1200))
    assert (len(before.of_client), len(before.for_address["ada"])) == (10, 10)
    await client.aclose()


async def test_guesses_that_do_not_count_displace_no_others(redis_url: str, redis: Redis) -> None:
    client = connect(redis_url)
    guesses = RedisGuesses(client, most_keys=10)
    await guesses.add(Guess("a", "here", ["ada"], 1000))
    await guesses.add(Guess("b", "there", ["ada"], 1001))
    for number in range(20):  # such as those of a flow that Kratos does not know
        invented = Guess(f"c{number}", "there", [f"address {number}"], 1002 + number)
        await guesses.add(invented)
        await guesses.remove(invented)
    assert len((await guesses.add(Guess("d", "here", ["ada"], 1100))).of_client) == 1
    assert await redis.zcard(f"{PREFIX}:used") == 3
    await client.aclose()


async def test_memory_of_redis_is_bounded_however_many_clients_and_addresses_there_are(
    redis_url: str, redis: Redis
) -> None:
    client = connect(redis_url)
    guesses = RedisGuesses(client, most_keys=10, most_names=5)
    for number in range(50):
        await guesses.add(Guess(f"b{number}", f"client {number}", [f"address {number}"], 1001 + number))
        await guesses.remember(f"flow {number}", "ada", 1001 + number)
    for number in range(150):
        await guesses.add(Guess(f"a{number}", "here", ["ada"], 1100 + number / 1000))
    counted = await redis.keys(f"{PREFIX}:[ac]*")
    assert (len(counted), max([await redis.zcard(key) for key in counted])) == (10, 100)
    assert sorted(await redis.keys(f"{PREFIX}:name:*")) == [f"{PREFIX}:name:flow {number}" for number in range(45, 50)]
    await client.aclose()


async def test_memory_of_a_process_is_bounded_and_keeps_the_newest_guesses() -> None:
    guesses = ProcessGuesses(most=10)
    for number in range(50):
        await guesses.add(Guess(str(number), f"client {number % 25}", [f"address {number}"], 1000 + number / 1000))
    assert len(guesses._all) == len(guesses._for_address) == len(guesses._of_client) == 10
    before = await guesses.add(Guess("x", "client 24", [], 1001))
    assert [moment for moment, _ in before.of_client] == [1000.049]
    for number in range(MOST_NAMES + 1):
        await guesses.remember(str(number), "ada", 1001)
    assert [await guesses.addresses_of(name) for name in ("0", "1")] == [None, "ada"]
