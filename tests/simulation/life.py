"""One life of a few people and their mailboxes, drawn from a seed, on a real PostgreSQL.

The product's own parts and statements run, one action after another; what others do at the moment of a request to the
mail server is drawn as well. Time passes by moving the times of all rows into the past.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from random import Random
from uuid import UUID, uuid5

from psycopg.errors import UniqueViolation
from psycopg.rows import DictRow

from postroom.domain.account_change import Because, Observed
from postroom.domain.identity import AddressPolicy, Identity
from postroom.domain.request import CREATE_AND_CHANGE, Request
from postroom.errors import MailServerError
from postroom.ports import ClaimResult
from postroom.postgres.at_rest import PostgresAtRest
from postroom.postgres.brake import PostgresBrake
from postroom.postgres.breaker import PostgresBreakers
from postroom.postgres.connection import Pool, rows
from postroom.postgres.doubts import PostgresDoubts
from postroom.postgres.inspected import PostgresInspected
from postroom.postgres.mail_accounts import PostgresMailAccounts
from postroom.postgres.refusals import PostgresRefusals
from postroom.postgres.requests import PostgresRequests
from postroom.postgres.sweep import PostgresSwept
from postroom.postgres.wishes import PostgresWishes
from postroom.process.clock import SystemClock
from postroom.provisioning.attempt import Attempts
from postroom.provisioning.differences import IdentityDifferences
from postroom.provisioning.mailbox_changes import MailboxChanges
from postroom.provisioning.mailbox_lookup import MailboxLookup
from postroom.provisioning.mailboxes_at_rest import MailboxesAtRest
from postroom.provisioning.sweep import Sweep
from postroom.provisioning.verdicts import Verdicts
from postroom.provisioning.wishes import Wishes
from postroom.queue.retry_set import NoRetryIndex
from records import Records
from simulation.account_model import Killed
from simulation.life_servers import LifeKratos, LifeMailServer

NAMESPACE = UUID(int=4)
ADDRESSES = [f"{name}@example.org" for name in "abcdefg"]
MINUTES, HOURS, DAY = 660.0, 7500.0, 90_000.0
STEPS = 28


class Life:
    """`log`: what was done, in words."""

    def __init__(self, seed: int, pool: Pool, records: Records) -> None:
        self.chance = Random(seed)
        self.records, self.pool = records, pool
        self.kratos, self.server = LifeKratos(), LifeMailServer(self.chance)
        self.server.meanwhile = self._meanwhile
        self.log: list[str] = []
        self.accepted: set[UUID] = set()
        """whose absence an operator has accepted"""
        self.renamed: set[UUID] = set()
        """whose main address a hand has replaced"""
        self.is_restored = False
        """the mail server was, from a copy"""
        self.locked: set[UUID] = set()
        """whose login a hand has switched off"""
        self._people: list[UUID] = []
        self._copies = dict[UUID, Identity](), dict[str, Observed](), dict[str, UUID]()
        self._deleted: str | None = None
        """the address of who was deleted last"""
        self._is_nested = False
        self._assemble()

    def _assemble(self) -> None:
        pool, clock, policy = self.pool, SystemClock(), AddressPolicy({"example.org"}, set())
        self.requests = PostgresRequests(pool, new_id=self._new_id, steps=CREATE_AND_CHANGE)
        wishes = Wishes(PostgresWishes(pool), PostgresDoubts(pool), policy)
        breakers = PostgresBreakers(pool)
        verdicts = Verdicts(breakers, self.server, clock, self.server.change_probe)
        changes = MailboxChanges(wishes, self.kratos, self.server)
        self.attempts = Attempts(self.requests, verdicts, self.server, NoRetryIndex(), clock, changes)
        self.differences = IdentityDifferences(self.kratos, PostgresDoubts(pool), policy, wishes)
        self.sweep = Sweep(
            self.kratos,
            PostgresSwept(pool),
            PostgresDoubts(pool),
            self.differences,
            PostgresRefusals(pool),
            self.requests,
            NoRetryIndex(),
            None,  # type: ignore[arg-type]
            policy,
            brake=PostgresBrake(pool),
            every=300,
            uniform=self.chance.uniform,
            wake=lambda: None,
        )
        self.inspected = PostgresInspected(pool)
        self.lookup = MailboxLookup(self.server, self.inspected, breakers)
        self.at_rest = MailboxesAtRest(PostgresAtRest(pool), follows=True, announce=lambda _: None)
        self.served = PostgresMailAccounts(pool, follows=True)

    def _new_id(self) -> UUID:
        return UUID(int=self.chance.getrandbits(128))

    async def live(self) -> None:
        self.server.fault_rate = self.chance.choice([0.0, 0.1, 0.3])
        for _ in range(4):
            await self.register()
        await self.a_pass()
        await self.work()
        actions = self._actions()
        for _ in range(STEPS):
            await self.chance.choice(actions)()
        await self._come_to_rest()

    def _actions(self) -> Sequence[Callable[[], Awaitable[None]]]:
        common = [
            self.rename,
            self.hook,
            self.hook,
            self.work,
            self.work,
            self.work,
            self.a_pass,
            self.inspect,
            self.wait,
        ]
        rare = [
            self.register,
            self.swap,
            self.toggle,
            self.toggle,
            self.delete,
            self.come_again,
            self.keep_copies,
            self.restore_kratos,
            self.restore_mail_server,
            self.suspend,
            self.unsuspend,
            self.accept,
            self.retry,
            self.hand,
            self.hand,
            self.arrive,
            self.kratos_leaves,
        ]
        return [*common, *common, *rare]

    async def _meanwhile(self) -> None:
        """Somebody else acts while a request is under way."""
        if self._is_nested or self.chance.random() > 0.15:
            return
        self._is_nested = True
        try:
            others = [self.rename, self.toggle, self.hook, self.hand, self.arrive, self.suspend, self.overtake]
            await self.chance.choice(others)()
        finally:
            self._is_nested = False

    async def _come_to_rest(self) -> None:
        self.server.fault_rate, self.server.meanwhile, self.kratos.away = 0.0, None, False
        self._say("rest")
        await self.arrive()
        for _ in range(6):
            await self._pass_time(DAY)
            await self.a_pass()
            await self.work()
            await self.inspect()
            await self.work()

    def _say(self, what: str, *who: object) -> None:
        self.log.append(f"{'    ' if self._is_nested else ''}{what} {' '.join(map(str, who))}")

    # Kratos

    def _free(self) -> str | None:
        taken = {each.traits["email"] for each in self.kratos.identities.values()}
        left = [each for each in ADDRESSES if each not in taken]
        return self.chance.choice(left) if left else None

    def _anybody(self) -> UUID | None:
        return self.chance.choice(sorted(self.kratos.identities)) if self.kratos.identities else None

    async def register(self, email: str | None = None) -> None:
        if (email := email or self._free()) and len(self._people) < 8:
            self._people.append(uuid5(NAMESPACE, str(len(self._people))))
            self.kratos.put(self._people[-1], email)
            self._say("register", self._people[-1], email)

    async def rename(self) -> None:
        who, email = self._anybody(), self._free()
        if who and email:
            self.kratos.put(who, email, active=self.kratos.identities[who].active)
            self._say("rename", who, email)

    async def swap(self) -> None:
        if len(self.kratos.identities) > 1:
            one, other = self.chance.sample(sorted(self.kratos.identities), 2)
            emails = [str(self.kratos.identities[each].traits["email"]) for each in (one, other)]
            self.kratos.put(one, emails[1])
            self.kratos.put(other, emails[0])
            self._say("swap", one, other)

    async def toggle(self) -> None:
        if who := self._anybody():
            found = self.kratos.identities[who]
            self.kratos.put(who, str(found.traits["email"]), active=not found.active)
            self._say("inactive" if found.active else "active", who)

    async def delete(self) -> None:
        if (who := self._anybody()) is None:
            return
        self._say("delete", who)
        self._deleted = str(self.kratos.identities.pop(who).traits["email"])

    async def come_again(self) -> None:
        """Deleted, and registered again under the same address."""
        await self.delete()
        taken = {each.traits["email"] for each in self.kratos.identities.values()}
        if self._deleted and self._deleted not in taken:
            await self.register(self._deleted)

    async def kratos_leaves(self) -> None:
        self.kratos.away = not self.kratos.away
        self._say("Kratos is away" if self.kratos.away else "Kratos is back")

    async def keep_copies(self) -> None:
        self._copies = dict(self.kratos.identities), dict(self.server.accounts), dict(self.server.marks)

    async def restore_kratos(self) -> None:
        """From a copy; before the first one it is empty."""
        self.kratos.identities = dict(self._copies[0])
        self._say("Kratos is restored")

    async def restore_mail_server(self) -> None:
        if self._copies[1]:
            self.server.accounts, self.server.marks = dict(self._copies[1]), dict(self._copies[2])
            self.locked.clear()
            self.is_restored = True
            self._say("the mail server is restored")

    # Postroom

    async def hook(self) -> None:
        if who := self._anybody():
            self._say("hook", who)
            await self.differences._of_one(who)

    async def a_pass(self) -> None:
        self._say("pass")
        await self.sweep._swept.put_off(0)
        await self.sweep.step()
        for who in list(self.differences._waiting):
            del self.differences._waiting[who]
            await self.differences._of_one(who)

    async def work(self) -> None:
        for _ in range(12):
            due = await self.records.rows(
                "SELECT identity_id FROM email_requests WHERE state IN ('waiting', 'running') AND due_at <= now()"
            )
            if not due:
                return
            self._say("work")
            asked = sorted(each["identity_id"] for each in due)
            claims = await self.requests.claim(asked, lease=30, exclusive=True)
            for claim in sorted(claims, key=lambda each: each.identity_id):
                if claim.request and claim.result is ClaimResult.GRANTED:
                    await self._attempt(claim.request)

    async def _attempt(self, request: Request) -> None:
        now = SystemClock().monotonic()
        try:
            settled = await self.attempts.run(request, ends=now + 10, lease_ends=now + 20)
        except Killed:
            self._say("killed", request.identity_id)
        else:
            self._say("attempt", request.identity_id, request.step, settled and settled.request.state)

    async def overtake(self) -> None:
        """The lease ends while a request is under way, and another worker attempts the same."""
        await self._pass_time(60)
        await self.work()

    async def inspect(self) -> None:
        self._say("inspection")
        page = await self.inspected.page(None, 500)
        records = await self.at_rest.read(page)
        try:
            seen = await self.lookup.look_up(page, deadline=5)
        except MailServerError:
            return
        await self.at_rest.compare(records, page, seen)

    async def wait(self) -> None:
        await self._pass_time(self.chance.choice([MINUTES, HOURS, DAY]))

    async def _pass_time(self, seconds: float) -> None:
        self._say("wait", seconds)
        for statement in (
            "UPDATE email_requests SET due_at = due_at - %s, enqueued_at = enqueued_at - %s, "
            "want_written_at = want_written_at - %s",
            "UPDATE doubts SET since = since - %s, read_at = read_at - %s, version = version",
            "UPDATE let_through SET at = at - %s, accepted_at = accepted_at - %s",
            "UPDATE email_accounts SET created_at = created_at - %s, suspected_at = suspected_at - %s, "
            "missing_at = missing_at - %s",
        ):
            number = statement.count("- %s")
            by = [f"{seconds} seconds"] * number
            await self.records.rows(statement.replace("%s", "%s::interval"), *by)  # type: ignore[arg-type]

    # Operators, and others

    async def suspend(self) -> None:
        await self._operator(suspends=True)

    async def unsuspend(self) -> None:
        await self._operator(suspends=False)

    async def _operator(self, *, suspends: bool) -> None:
        """As the commands do: a new goal, which is due now."""
        if who := self._anybody():
            self._say("suspend" if suspends else "unsuspend", who)
            await self.records.rows(
                "UPDATE email_requests SET operator_suspended_at = CASE WHEN %s THEN now() END, goal = goal + 1, "
                "step = 'change', state = CASE WHEN state = 'running' THEN state ELSE 'waiting' END, "
                "due_at = CASE WHEN state IN ('waiting', 'running') THEN due_at ELSE now() END, retries = 0, "
                "waits_for = NULL, reason = NULL, given_up = NULL, enqueued_at = clock_timestamp() "
                "WHERE identity_id = %s AND (operator_suspended_at IS NULL) = %s "
                "AND NOT (state IN ('waiting', 'running') AND step <> 'change') "
                "AND EXISTS (SELECT FROM email_accounts WHERE kratos_identity_id = identity_id)",
                *(suspends, who, suspends),
            )

    async def accept(self) -> None:
        """All that the brake holds."""
        found = await self.records.rows(
            "INSERT INTO let_through (identity_id, kind, accepted_at) SELECT identity_id, kind, clock_timestamp() "
            "FROM doubts WHERE kind IN ('rename', 'inactive', 'absent') "
            "ON CONFLICT (identity_id, kind) DO UPDATE SET accepted_at = excluded.accepted_at "
            "RETURNING identity_id, kind"
        )
        self.accepted |= {each["identity_id"] for each in found if each["kind"] == "absent"}
        self._say("accept", len(found))

    async def retry(self) -> None:
        if who := self._anybody():
            self._say("retry", who)
            with suppress(UniqueViolation):  # another identity has its address
                await rows(self.pool, "operator_retry", {"identity_ids": [who], "actor": "olga"})

    async def hand(self) -> None:
        if not self.server.accounts:
            return
        number = self.chance.choice(sorted(self.server.accounts))
        what, address = self.chance.choice(["rename", "alias", "lock", "unlock"]), self.chance.choice(ADDRESSES)
        who = self.server.marks[number]
        if what == "lock" and not self.server.accounts[number].login.off and not self.server.accounts[number].note:
            self.locked.add(who)
        elif what == "rename":
            self.renamed.add(who)
        elif what == "unlock":
            self.locked.discard(who)
        self.server.hand(number, what, address)
        self._say(f"hand {what}", number, address)

    async def arrive(self) -> None:
        self._say("what was late arrives")
        self.server.arrive()


async def violations(life: Life) -> list[str]:
    """Of what docs/invariants.md promises, at rest."""
    found = [*_of_addresses(life), *await _of_aliases(life)]
    for row in await life.records.rows(
        "SELECT r.*, a.suspected_at, ARRAY(SELECT kind FROM doubts d WHERE d.identity_id = r.identity_id) AS kinds "
        "FROM email_requests r JOIN email_accounts a ON a.kratos_identity_id = r.identity_id"
    ):
        account = life.server.of(row["identity_id"])
        if row["suspected_at"] is None and account:
            is_served = await life.served.of(row["identity_id"]) is not None
            found += [f"{row['identity_id']}: {each}" for each in _of_one(life, row, account, is_served=is_served)]
    return found


def _of_one(life: Life, row: DictRow, account: Observed, *, is_served: bool) -> list[str]:
    identity = life.kratos.identities.get(row["identity_id"])
    is_gone = row["waits_for"] == "kratos" and identity is None
    wants_off = bool(row["want_because"] or row["operator_suspended_at"])
    is_by_hand = account.because == {Because.HAND}
    is_absent = row["want_because"] == "absent"
    broken = {
        "L3: something is due": row["state"] not in ("provisioned", "dead") and not is_gone,
        "L4: absent, and no operator accepted that": is_absent and row["identity_id"] not in life.accepted,
        "L6: served, or not": is_served == (wants_off or account.login.off),
        "L8: somebody can log in": wants_off and not account.login.off,
        "L9: locked by us": bool(identity) and account.login.off and not wants_off and not is_by_hand,
    }
    if identity and not row["kinds"]:
        has, wants = (account.email, account.name), (identity.traits["email"], identity.traits["name"])
        broken |= {
            f"L3: active in Kratos {identity.active}, wanted {row['want_because']}": identity.active
            == (row["want_because"] is not None),
            f"L3: has {has}, wants {wants}": row["state"] == "provisioned" and has != wants,
        }
    return [what for what, is_broken in broken.items() if is_broken]


async def _of_aliases(life: Life) -> list[str]:
    """L1: what two claim is delivered to nobody. And nobody loses an address that was given."""
    held = await life.records.rows("SELECT address, identity_id FROM addresses WHERE role IN ('held', 'old')")
    holders = {each["address"]: each["identity_id"] for each in held}
    found = [
        f"L1: {alias.address} of {holders[alias.address]} is delivered to {life.server.marks[number]}"
        for number, account in life.server.accounts.items()
        for alias in account.aliases
        if alias.enabled and holders.get(alias.address, life.server.marks[number]) != life.server.marks[number]
    ]
    given = [] if life.is_restored else life.server.gave
    return found + [
        f"{who} lost {address}"
        for who, address in given
        if who not in life.renamed and (account := life.server.of(who)) and address not in account.addresses
    ]


def _of_addresses(life: Life) -> list[str]:
    """L1: an address that was given once is given to nobody else, unless a hand took it away. L9: what a hand locked
    stays so."""
    owners: dict[str, UUID] = {}
    found = [
        f"L1: {address} of {owners[address]} was given to {who}"
        for who, address in life.server.gave
        if owners.setdefault(address, who) != who and owners[address] not in life.renamed
    ]
    locked = [(who, life.server.of(who)) for who in life.locked]
    return found + [f"L9: a hand locked {who}" for who, account in locked if account and not account.login.off]
