"""The rows, mailboxes and events at the end of a run, and the same arranged for the checker."""

from collections import defaultdict
from dataclasses import asdict, dataclass, field
from typing import Any

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class LostCommits:
    """The cost of a fail-over to an asynchronous replica. Commits between `cut_at` and `promoted_at` may be lost;
    `forgotten` are the identities known by then of which the replica had no request."""

    cut_at: float
    promoted_at: float
    forgotten: frozenset[str]


@dataclass(slots=True)
class Evidence:
    """`requests`, `log` (by id) and `accounts` are the tables' rows after the run settled, `stalwart` the stand-in's
    accounts, `members` those of Redis. `seen_log` maps ids of the audit to digests taken during the run, `log_digests`
    to those at its end; `corrected` counts the corrections of reconcile before the first fault; `broken` are processes
    that ended by themselves, `lost_accounts` the rows that a restore of their table alone took away."""

    history: list[Row]
    requests: list[Row]
    log: list[Row]
    accounts: list[Row]
    stalwart: list[Row]
    strangers: list[str]
    word: str
    delay_factor: float
    seen_log: dict[str, str] = field(default_factory=dict[str, str])
    log_digests: dict[str, str] = field(default_factory=dict[str, str])
    members: list[str] = field(default_factory=list[str])
    corrected: int = 0
    broken: list[str] = field(default_factory=list[str])
    lost_commits: LostCommits | None = None
    lost_accounts: int = 0

    def as_dict(self) -> Row:
        """The evidence in the types of JSON."""
        content = asdict(self)
        if self.lost_commits:
            content["lost_commits"]["forgotten"] = sorted(self.lost_commits.forgotten)
        return content


class Case:
    """The evidence, arranged for the checker."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.requests = {row["identity_id"]: row for row in evidence.requests}
        self.accounts = {row["kratos_identity_id"]: row for row in evidence.accounts}
        self.log: dict[str, list[Row]] = defaultdict(list)
        for row in evidence.log:
            self.log[row["kratos_identity_id"]].append(row)
        self.asked = {event["number"]: event for event in evidence.history if event["event"] == "asked"}
        self.responses = [event for event in evidence.history if event["event"] == "answered"]
        self.emails: dict[str, set[str]] = defaultdict(set)
        registered = [event for event in evidence.history if event["event"] == "registered"]
        for event in (*self.asked.values(), *registered):
            self.emails[event["identity_id"]].add(event["email"])
        self.registered = {event["identity_id"] for event in registered}
        self.marks: dict[str, list[Row]] = defaultdict(list)
        for account in evidence.stalwart:
            for mark in account["marks"]:
                self.marks[mark].append(account)
        self.taken = {row["email"] for row in evidence.requests if row["state"] != "dead"} | set(evidence.strangers)
        self.dead_with_mailbox = {
            mark_of(identity_id) for identity_id in self.requests if self._is_dead_with_mailbox(identity_id)
        }
        self.taken |= {self.marks[mark][0]["addresses"][0] for mark in self.dead_with_mailbox}

    def _is_dead_with_mailbox(self, identity_id: str) -> bool:
        """Whether this request is dead although its mailbox exists, because of lost commits: when it was stored again,
        another identity had its address, or it was requested with another address."""
        row, accounts = self.requests[identity_id], self.marks.get(mark_of(identity_id), [])
        if self.evidence.lost_commits is None or row["state"] != "dead" or len(accounts) != 1:
            return False
        address = accounts[0]["addresses"][0]
        had_conflict = [entry["status"] for entry in self.log[identity_id]][-1:] == ["conflict"]
        return address in self.emails[identity_id] and (had_conflict or address != row["email"])

    def may_be_lost(self, response: Row) -> bool:
        """Whether the commit of this response may be lost with a primary, before it reached the replica."""
        lost = self.evidence.lost_commits
        asked_at: float = self.asked[response["number"]]["t"]
        return lost is not None and response["t"] >= lost.cut_at and asked_at < lost.promoted_at

    def is_forgotten(self, response: Row) -> bool:
        """Whether that commit is lost: the replica had no request of this identity."""
        lost, identity_id = self.evidence.lost_commits, self.asked[response["number"]]["identity_id"]
        return lost is not None and identity_id in lost.forgotten and self.may_be_lost(response)


def mark_of(identity_id: str) -> str:
    return "postroom-" + identity_id.replace("-", "")
