"""A person of Kratos whose mailbox follows: the identity, what is on record, and the account at the mail server."""

from typing import Any
from uuid import UUID

from eventually import eventually
from kratos_people import a_pass, identity
from kratos_servers import Kratos
from postroom.composition.parts import Parts
from records import Records
from stalwart_stand_in import StalwartStandIn


class Person:
    """An identity, its mailbox on record, and its account at the mail server."""

    def __init__(self, identity_id: UUID, parts: Parts, records: Records, stalwart: StalwartStandIn) -> None:
        self.id = identity_id
        self._parts = parts
        self._records = records
        self._stalwart = stalwart

    async def hook(self) -> None:
        """As after a webhook of Kratos about this identity."""
        assert self._parts.differences
        self._parts.differences.read_soon(self.id)

    async def becomes(self, **row: Any) -> None:
        async def it_does() -> bool:
            found = await self._records.request(self.id)
            return all(found[name] == value for name, value in row.items())

        await eventually(it_does, f"its request becomes {row}", 30)

    async def account(self) -> dict[str, Any]:
        (found,) = [each for each in await self._stalwart.accounts() if self.id.hex in str(each)]
        return found

    async def recorded(self) -> dict[str, Any]:
        return await self._records.account(self.id) or {}


async def made(kratos: Kratos, parts: Parts, records: Records, stalwart: StalwartStandIn, name: str = "ada") -> Person:
    person = Person(await identity(kratos, name), parts, records, stalwart)
    await a_pass(parts)
    await records.until("provisioned", person.id)
    return person
