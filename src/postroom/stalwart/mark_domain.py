"""The domain that holds every mark. Which id it has is asked in the same request as whatever hangs on it."""

from uuid import UUID

from postroom.domain.mailbox import mark_of
from postroom.errors import Misconfigured
from postroom.stalwart.registry_client import Call, RegistryResponses
from postroom.stalwart.response_models import Account, QueryIds


class MarkDomain:
    def __init__(self, name: str) -> None:
        self.name = name
        self.call: Call = ("x:Domain/query", {"filter": {"name": name}})

    def id(self, answers: RegistryResponses, place: int) -> str:
        """Its id, by the response to `call` at `place`. Raises `Misconfigured` for the whole server if it is not there:
        without it nobody gets a mailbox."""
        ids = answers.read(place, QueryIds).ids
        if not ids:
            raise Misconfigured(
                f"mail server does not have the domain {self.name}, which holds every mark (POSTROOM_MARK_DOMAIN)"
            )
        return ids[0]


def carries_mark(account: Account, identity_id: UUID, domain_id: str) -> bool:
    """Whether one of its aliases is the mark of this identity, in the domain with this id."""
    mark = (mark_of(identity_id), domain_id)
    return mark in {(alias.name, alias.domain_id) for alias in account.aliases.values()}
