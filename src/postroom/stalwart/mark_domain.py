"""The domain of all marks. Its id is queried in the same request as everything that depends on it."""

from collections.abc import Iterable

from postroom.errors import Transient
from postroom.stalwart.registry_client import Call, RegistryResponses
from postroom.stalwart.response_models import Alias, QueryIds


class MarkDomain:
    def __init__(self, name: str) -> None:
        self.name = name
        self.call: Call = ("x:Domain/query", {"filter": {"name": name}})

    def id(self, responses: RegistryResponses, index: int) -> str:
        """Its id, from the response to `call` at `index`. Raises `Transient` if it does not exist: no mailbox can be
        made without it, and a server that is being restored has no domains for a while."""
        ids = responses.read(index, QueryIds).ids
        if not ids:
            raise Transient(
                f"mail server does not have the domain {self.name}, which holds every mark (POSTROOM_MARK_DOMAIN)",
                fix=f"add {self.name} to Stalwart, or correct POSTROOM_MARK_DOMAIN before its first use",
            )
        return ids[0]


def carries_mark(aliases: Iterable[Alias], mark: str, domain_id: str) -> bool:
    """Whether one of an account's aliases is this mark, in the domain with this id."""
    return (mark, domain_id) in {(alias.name, alias.domain_id) for alias in aliases}
