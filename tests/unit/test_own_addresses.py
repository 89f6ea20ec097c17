"""The cached address for HTTP Basic with an access token. Its spellings are tested in test_people.py."""

from uuid import UUID, uuid4

from fakes import request_of
from postroom.domain.request import Request
from postroom.people.basic_credentials import CACHE_SECONDS, OwnAddresses


async def test_known_address_is_cached_for_a_while_and_a_missing_one_is_looked_up_each_time() -> None:
    now, asked = 0.0, list[UUID]()
    ann, nobody = uuid4(), uuid4()
    emails = {ann: "ann@example.org"}

    async def read(identity_id: UUID) -> tuple[Request, None] | None:
        asked.append(identity_id)
        email = emails.get(identity_id)
        return (request_of(identity_id, email=email), None) if email else None

    addresses = OwnAddresses(read, monotonic=lambda: now)
    for _ in range(2):
        assert await addresses.matches("ann@example.org", ann)
        assert not await addresses.matches("ben@example.org", ann)
        assert not await addresses.matches("ann@example.org", nobody)
    assert asked == [ann, nobody, nobody]
    emails[ann] = "anne@example.org"
    now = CACHE_SECONDS
    assert await addresses.matches("anne@example.org", ann)
    assert not await addresses.matches("ann@example.org", ann)
