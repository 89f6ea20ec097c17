"""A real Kratos registers people; each of them has a mailbox."""

from pathlib import Path

from eventually import eventually
from kratos_servers import real_kratos
from trial import running_trial

PEOPLE = 3


async def test_each_registration_at_real_kratos_makes_a_mailbox(tmp_path: Path) -> None:
    async with running_trial(tmp_path) as up:
        hook_url = f"{up.environment['POSTROOM_URL']}/internal/mail/provision"
        key = up.environment["POSTROOM_WEBHOOK_KEY"]
        async with real_kratos(tmp_path, hook_url=hook_url, hook_key=key) as kratos:
            # One at a time: the in-memory database of Kratos answers 500 ("locked") to concurrent writes.
            for number in range(PEOPLE):
                await kratos.register(f"Person{number}@Example.org")

            async def all_there() -> bool:
                return len(await up.addresses()) == PEOPLE

            await eventually(all_there, "a mailbox for everybody", 60)
        assert await up.addresses() == sorted(f"person{number}@example.org" for number in range(PEOPLE))
        assert (await up.json("status"))["counts"]["requests_dead"] == 0
