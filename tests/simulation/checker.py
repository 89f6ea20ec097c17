"""Checks I1 to I11 on the result of a run: rows, audit, moves and the mail server's accounts."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from postroom.domain.mailbox import mark_of
from postroom.provisioning.accept import Ready
from postroom.provisioning.attempt import UNSTORABLE
from postroom.retry.reconcile import Corrections
from simulation.faults import NoFaults, Plan
from simulation.sql_model import Row
from simulation.world import World

EARLY = timedelta(milliseconds=50)
REASONS = ("failed 4 times", "invalidProperties", "is held by", "buried by", UNSTORABLE)
PUNCTUAL = 12.0
"""Seconds after its due time within which each request is claimed while only Redis is disturbed."""


def violations(world: World) -> list[str]:
    """One line for each violation."""
    return [
        *world.broken,
        *(
            f"{name}: {what}"
            for name, rule in {
                "I1": _every_answer_is_committed,
                "I2": _all_came_to_rest,
                "I3": _one_holder_one_mailbox,
                "I4": _a_superseded_holder_changed_nothing,
                "I5": _the_audit_counts_the_claims,
                "I6": _retries_are_spent_on_failures_only,
                "I7": _redis_lost_costs_seconds,
                "I8": _nothing_started_early,
                "I9": _the_mail_server_looks_as_if_each_had_run_once,
                "I10": _nothing_to_correct,
                "I11": _each_address_is_its_owners,
            }.items()
            for what in rule(world)
        ),
    ]


def _every_answer_is_committed(world: World) -> Iterable[str]:
    committed: dict[UUID, datetime] = {}
    for at, _, row in world.sql.moves:
        committed.setdefault(row["identity_id"], at)
    for answered in world.answered:
        identity_id = answered.mailbox.identity_id
        if identity_id in world.sql.erased:
            continue
        if identity_id not in committed or committed[identity_id] > answered.at:
            yield f"{identity_id} was answered {answered.answer} without a committed row"
        if isinstance(answered.answer, Ready) and identity_id not in world.sql.accounts:
            yield f"{identity_id} got the response that it is ready, but has no account"
    for identity in world.identities:
        if identity.active and identity.id not in world.sql.requests:
            yield f"{identity.id} is in Kratos, but has no request"
        if not identity.active and identity.id in world.sql.requests:
            yield f"{identity.id} is inactive and got a request"


def _all_came_to_rest(world: World) -> Iterable[str]:
    for row in world.sql.requests.values():
        if row["state"] not in ("provisioned", "dead"):
            due_in = (row["due_at"] - world.clock.now()).total_seconds()
            yield f"{row['email']} is still {row['state']}, due in {due_in:.1f} s"


def _one_holder_one_mailbox(world: World) -> Iterable[str]:
    for at, old, new in world.sql.moves:
        taken = old and old["state"] == "running" and old["holder"] != new["holder"] and new["state"] == "running"
        if taken and old and old["due_at"] > at:
            yield f"{new['email']} was taken from a holder whose lease had not ended"
    marks = Counter(account.mark for account in world.mail.accounts if account.mark)
    yield from (f"{number} mailboxes with the mark {mark}" for mark, number in marks.items() if number > 1)


def _a_superseded_holder_changed_nothing(world: World) -> Iterable[str]:
    by_attempt: dict[tuple[UUID, int], list[str]] = defaultdict(list)
    for entry in world.sql.log:
        if entry["kratos_identity_id"] in world.sql.erased:
            continue  # a statement that hung can insert the deleted row again, with the holder of the first
        if entry["action"] == "create" and entry["holder"]:
            by_attempt[entry["holder"], entry["attempt_count"]].append(entry["status"])
    for (holder, number), statuses in by_attempt.items():
        outcomes = [status for status in statuses if status != "pending"]
        if statuses.count("pending") != 1 or len(outcomes) > 2:
            yield f"attempt {number} of holder {holder} left {statuses}"
        if len(outcomes) == 2 and set(outcomes) != {"crashed", "late"}:
            yield f"attempt {number} of holder {holder} had two outcomes: {outcomes}"


def _the_audit_counts_the_claims(world: World) -> Iterable[str]:
    pending: dict[UUID, list[int]] = defaultdict(list)
    for entry in world.sql.log:
        if entry["status"] == "pending":
            pending[entry["kratos_identity_id"]].append(entry["attempt_count"])
    for row in world.sql.requests.values():
        counted = pending[row["identity_id"]]
        if row["identity_id"] in world.sql.erased:
            continue  # it was restarted
        if counted != list(range(1, row["attempts"] + 1)):
            yield f"{row['email']} made {row['attempts']} attempts, the audit says {counted}"
    for identity_id, tried in world.mail.creates.items():
        if tried and not pending[identity_id]:
            yield f"{identity_id} was attempted without a pending row"


def _retries_are_spent_on_failures_only(world: World) -> Iterable[str]:
    for row in world.sql.requests.values():
        failures = world.mail.failures_while_healthy[row["identity_id"]]
        if row["retries"] > failures:
            yield f"{row['email']} spent {row['retries']} retries on {failures} failures while the server was healthy"
        reason = row["reason"] or ""
        if reason.startswith("failed 4 times") and failures < 4:
            yield f"{row['email']} is a dead letter after {failures} failures while the server was healthy"
        if row["identity_id"] in world.sql.erased and "was asked for" in reason:
            continue  # its first row was deleted, with the address of its mailbox
        if row["state"] == "dead" and not any(each in reason for each in REASONS):
            yield f"{row['email']} is a dead letter for an unknown reason: {reason}"


def _claims(world: World) -> Iterable[tuple[float, Row, Row]]:
    """Each claim of a waiting request: the seconds after its due time, and the row before and after."""
    for at, old, new in world.sql.moves:
        if old and old["state"] == "waiting" and new["state"] == "running":
            yield (at - old["due_at"]).total_seconds(), old, new


def _redis_lost_costs_seconds(world: World) -> Iterable[str]:
    if not isinstance(world.faults, Plan) or not world.faults.only_redis:
        return
    for late, old, _ in _claims(world):
        if late > PUNCTUAL:
            yield f"{old['email']} was claimed {late:.1f} s after its due time"


def _nothing_started_early(world: World) -> Iterable[str]:
    for late, old, _ in _claims(world):
        if late < -EARLY.total_seconds():
            yield f"{old['email']} started {-late:.3f} s before it was due"


def _the_mail_server_looks_as_if_each_had_run_once(world: World) -> Iterable[str]:
    by_mark = {account.mark: account for account in world.mail.accounts if account.mark}
    for row in world.sql.requests.values():
        account = by_mark.get(mark_of(row["identity_id"]))
        ours = world.sql.accounts.get(row["identity_id"])
        if row["state"] == "provisioned":
            if account is None or ours is None:
                yield f"{row['email']} is provisioned without a mailbox"
            elif (ours["stalwart_account_id"], ours["email"]) != (account.id, account.email):
                yield f"{row['email']} has the account {ours}, the mail server {account}"
        elif ours:
            yield f"{row['email']} is {row['state']} and has an account"
    addresses = Counter(account.email for account in world.mail.accounts)
    yield from (f"the address {email} is held twice" for email, number in addresses.items() if number > 1)
    strangers = [account for account in world.mail.accounts if account.mark is None]
    adopted = {account["stalwart_account_id"] for account in world.sql.accounts.values()}
    yield from (f"the stranger's mailbox {each.email} was adopted" for each in strangers if each.id in adopted)


def _nothing_to_correct(world: World) -> Iterable[str]:
    disturbed = not isinstance(world.faults, NoFaults)
    if not disturbed and world.corrected != Corrections():
        yield f"reconcile corrected {world.corrected} in a run without faults"


def _each_address_is_its_owners(world: World) -> Iterable[str]:
    requests, addresses = world.sql.requests, world.sql.addresses
    for row in requests.values():
        owner, role = addresses.get(row["email"], (None, None))
        if row["state"] != "dead" and owner != row["identity_id"]:
            yield f"{row['email']} is the address of {row['identity_id']}, and reserved for {owner}"
        if row["state"] == "provisioned" and role != "held":
            yield f"{row['email']} has a mailbox, and is only {role}"
    for address, (identity_id, role) in addresses.items():
        row = requests.get(identity_id)
        if role == "wanted" and (row is None or row["state"] == "dead" or row["email"] != address):
            yield f"{address} is reserved for {identity_id}, whose request is {row and (row['state'], row['email'])}"
        has_mailbox = world.sql.accounts.get(identity_id, {}).get("email") == address
        if role == "held" and not has_mailbox and identity_id not in world.sql.erased:
            yield f"{address} is held for {identity_id}, who has no mailbox of that address"
