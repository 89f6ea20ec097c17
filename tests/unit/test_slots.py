"""How many attempts one process may have under way."""

import asyncio

import pytest

from eventually import eventually
from postroom.provisioning.slots import Slots


async def test_no_more_slots_are_taken_than_there_are() -> None:
    slots = Slots(2)
    assert [await slots.acquire(within=0.001) for _ in range(3)] == [True, True, False]
    slots.release()
    assert await slots.acquire(within=0.001)


async def test_whoever_asked_first_is_served_first() -> None:
    slots, served = Slots(1), []
    await slots.acquire(within=0)

    async def ask(name: int) -> None:
        await slots.acquire(within=10)
        served.append(name)
        slots.release()

    async with asyncio.TaskGroup() as group:
        for name in range(5):
            group.create_task(ask(name))
            await asyncio.sleep(0)
        slots.release()
    assert served == [0, 1, 2, 3, 4]


async def test_who_gave_up_waiting_holds_no_slot() -> None:
    slots = Slots(1)
    await slots.acquire(within=0)
    assert not await slots.acquire(within=0.001)
    slots.release()
    assert await slots.acquire(within=0)
    assert not await slots.acquire(within=0)


async def test_all_slots_are_held_only_when_nothing_else_runs() -> None:
    slots = Slots(3)
    await slots.acquire(within=0)
    alone = asyncio.Event()

    async def run_alone() -> None:
        async with slots.all():
            alone.set()
            assert not await slots.acquire(within=0.001)

    task = asyncio.create_task(run_alone())
    await asyncio.sleep(0.01)
    assert not alone.is_set(), "an attempt is under way"
    slots.release()
    await task
    assert alone.is_set()


async def test_after_running_alone_every_slot_is_free_again() -> None:
    slots = Slots(3)
    with pytest.raises(ZeroDivisionError):
        async with slots.all():
            raise ZeroDivisionError
    assert [await slots.acquire(within=0) for _ in range(4)] == [True, True, True, False]


async def test_who_is_cancelled_waiting_for_all_slots_leaves_them_free() -> None:
    slots = Slots(3)
    await slots.acquire(within=0)
    waiting = False

    async def run_alone() -> None:
        nonlocal waiting
        waiting = True
        async with slots.all():
            raise AssertionError

    task = asyncio.create_task(run_alone())
    await eventually(lambda: waiting, "it waits")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [await slots.acquire(within=0) for _ in range(3)] == [True, True, False]
