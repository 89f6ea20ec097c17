"""One attempt of a change: ask Kratos what the identity wants now, write that, and bring the mailbox nearer to it."""

from collections.abc import Awaitable, Callable, Collection
from functools import partial
from uuid import UUID

from postroom.domain.account_change import Because, Observed
from postroom.domain.change_outcome import Changed, Nearer
from postroom.domain.wish import Wishing
from postroom.errors import DatabaseUnavailable, KratosUnavailable, Unstorable
from postroom.process.telemetry import log
from postroom.provisioning.change_attempt import ChangingAccounts, bring_nearer
from postroom.provisioning.ports import IdentityReads
from postroom.provisioning.wishes import Wishes

READS = 3
"""How often an identity is read, while others write what it wants at the same moment."""

EVERY = frozenset(Because)
ON_RECORD = frozenset([Because.INACTIVE])
"""What is done about a login without asking Kratos again. That an identity is gone must be true now."""


class MailboxChanges:
    """`renamed`: called with an account with another name, and the names that it had; it acts as the person. None where
    mail for people is not configured."""

    def __init__(self, wishes: Wishes, identities: IdentityReads, accounts: ChangingAccounts) -> None:
        self._wishes = wishes
        self._identities = identities
        self._accounts = accounts
        self.renamed: Callable[[UUID, Observed, Collection[str]], Awaitable[object]] | None = None

    async def attempt(self, identity_id: UUID, left: Callable[[], float]) -> Changed:
        """`left`: the seconds that are left. Raises `DatabaseUnavailable`, and has changed nothing then."""
        known, unasked, trusted = await self._ask(identity_id)
        nearer = await bring_nearer(
            self._accounts,
            identity_id,
            known.wanted(trusting=trusted),
            partial(self._wishes.addresses, identity_id),
            left,
            gives=unasked is None and not known.is_given_up,
        )
        for why in nearer.alarms:
            log.error("Mailbox is not as it should be: an operator must act", identity_id=str(identity_id), why=why)
        return Changed(known.goal, nearer, unasked, is_given_up=known.is_given_up)

    async def settled(self, identity_id: UUID, nearer: Nearer) -> None:
        """What an attempt did is stored: let what the person has of the name follow. A failure harms nothing."""
        names = [each for each in nearer.audit if each.action == "describe"]
        last = nearer.last
        if self.renamed and names and last and last.name and not last.login.off:
            await self.renamed(identity_id, last, [each.before for each in names if each.before])

    async def _ask(self, identity_id: UUID) -> tuple[Wishing, str | None, Collection[Because]]:
        """What is wanted, why Kratos does not say that, and which of its reasons against a login count."""
        unasked = "others wrote what the identity wants at the same moment"
        known = await self._known(identity_id)
        for _ in range(READS):
            try:
                identity = await self._identities.read(identity_id)
                if identity is None:
                    if gone := await self._wishes.gone(known, action="change"):
                        return gone, "Kratos does not have the identity", EVERY
                elif followed := await self._wishes.follow(known, identity, action="change"):
                    return followed.known, None, EVERY
            except KratosUnavailable as error:
                unasked = f"Kratos does not say what the identity wants: {error}"
                break
            except Unstorable as error:
                unasked = f"PostgreSQL does not store what the identity wants ({error})"
                break
            known = await self._known(identity_id)
        return known, unasked, ON_RECORD

    async def _known(self, identity_id: UUID) -> Wishing:
        known = await self._wishes.known(identity_id)
        if known is None:
            raise DatabaseUnavailable("the request is gone")
        return known
