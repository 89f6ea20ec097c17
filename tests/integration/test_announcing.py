"""From a commit to the screens by a real Centrifugo that dies in the middle."""

import asyncio
from pathlib import Path
from uuid import UUID

from centrifugo_browser import browser, token_for
from centrifugo_servers import centrifugo
from eventually import eventually
from go_program import may_build
from live_events import commit_event, unannounced
from postroom.mail.announcing import Announcing
from postroom.postgres.connection import Pool
from postroom.postgres.outbox import PostgresOutbox
from postroom.realtime.centrifugo import Centrifugo, channel_of
from records import Records

ALICE = UUID(int=1)


@may_build
async def test_what_is_committed_while_centrifugo_is_away_is_announced_when_it_is_back(
    pool: Pool, records: Records, tmp_path: Path
) -> None:
    async def nothing_waits() -> bool:
        return await unannounced(records) == 0

    async with centrifugo(tmp_path, own=True) as server:
        announcer = Centrifugo(server.api_url, server.api_key)
        announcing, stop = Announcing(PostgresOutbox(pool), announcer), asyncio.Event()
        task = asyncio.create_task(announcing.run(stop))
        async with browser(server, token_for(server, ALICE), channel_of(ALICE)) as seen:
            await eventually(lambda: seen.subscribed, "subscribed")
            before = [await commit_event(records, ALICE) for _ in range(5)]
            announcing.wake()
            await eventually(lambda: [told["id"] for told in seen.told] == before, "told in order")
            await server.kill()
            for _ in range(50):
                await commit_event(records, ALICE)
                announcing.wake()
            assert await unannounced(records) == 50
            await server.start()
            await eventually(lambda: len(seen.subscribed) == 2, "subscribed again", within=20)
            await eventually(nothing_waits, "all announced")
            last = await commit_event(records, ALICE)
            announcing.wake()
            await eventually(lambda: seen.told[-1]["id"] == last, "told what comes now")
            ids = [told["id"] for told in seen.told]
            assert ids == sorted(set(ids)), "once each, in order"
            if len(ids) < 56:  # some were announced before the screen was back, to a server without memory
                assert (seen.subscribed[-1].was_recovering, seen.subscribed[-1].recovered) == (True, False)
        stop.set()
        await task
        await announcer.aclose()
