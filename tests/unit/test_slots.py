"""The limit of concurrent attempts in a process."""

import asyncio

import pytest

from eventually import eventually
from postroom.provisioning.slots import Slots


async def test_no_more_slots_can_be_acquired_than_exist() -> None:
    slots = Slots(2)
    assert [await slots.acquire(within=0.001) for _ in range(3)] == [True, True, False]
    slots.release()
    assert await slots.acquire(within=0.001)


async def test_slots_are_granted_in_order_of_request() -> None:
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


async def test_timed_out_waiter_holds_no_slot() -> None:
    slots = Slots(1)
    await slots.acquire(within=0)
    assert not await slots.acquire(within=0.001)
    slots.release()
    assert await slots.acquire(within=0)
    assert not await slots.acquire(within=0)


async def test_all_slots_are_acquired_only_when_nothing_else_runs() -> None:
    slots = Slots(3)
    await slots.acquire(within=0)
    exclusive = asyncio.Event()

    async def run_exclusively() -> None:
        async with slots.all():
            exclusive.set()
            assert not await slots.acquire(within=0.001)

    task = asyncio.create_task(run_exclusively())
    await asyncio.sleep(0.01)
    assert not exclusive.is_set(), "an attempt is running"
    slots.release()
    await task
    assert exclusive.is_set()


async def test_all_slots_are_free_after_an_exclusive_run() -> None:
    slots = Slots(3)
    with pytest.raises(ZeroDivisionError):
        async with slots.all():
            raise ZeroDivisionError
    assert [await slots.acquire(within=0) for _ in range(4)] == [True, True, True, False]


async def test_cancelled_wait_for_all_slots_leaves_them_free() -> None:
    slots = Slots(3)
    await slots.acquire(within=0)
    waiting = False

    async def run_exclusively() -> None:
        nonlocal waiting
        waiting = True
        async with slots.all():
            raise AssertionError

    task = asyncio.create_task(run_exclusively())
    await eventually(lambda: waiting, "it waits")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [await slots.acquire(within=0) for _ in range(3)] == [True, True, False]
