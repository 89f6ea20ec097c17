"""EmailSubmission/get, changes, query, queryChanges and set (RFC 8621 §7), and the queue of outgoing mail."""

import asyncio
import json
import re
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from typing import Any, TypeGuard

from postroom_sandbox.stalwart import ids
from postroom_sandbox.stalwart.domains import Domains
from postroom_sandbox.stalwart.errors import SetError
from postroom_sandbox.stalwart.json_pointer import created_id
from postroom_sandbox.stalwart.json_value import JSON, is_list, is_object
from postroom_sandbox.stalwart.mail import query_filters
from postroom_sandbox.stalwart.mail.blobs import Blobs
from postroom_sandbox.stalwart.mail.change_log import ChangeLog
from postroom_sandbox.stalwart.mail.data_type import DataType, MailCall, invalid, not_found
from postroom_sandbox.stalwart.mail.email_store import Discarded, EmailStore, OverQuota
from postroom_sandbox.stalwart.mail.emails import Emails
from postroom_sandbox.stalwart.mail.identities import Identities
from postroom_sandbox.stalwart.object_type import Condition
from postroom_sandbox.stalwart.store import Store

_MAX_HOLD = 604_800  # seconds: `futureRelease` by default, though the session says 30 days (maxDelayedSend)
_LISTED = timedelta(days=3)  # what left before is not listed
_QUEUED = "250 2.1.5 Queued"
_UNKNOWN = "550 5.1.2 Mailbox does not exist."
_NOT_LOCAL = "550 5.7.1 The stand-in for Stalwart delivers to its own domains only."
_NOT_OWN = "Server rejected MAIL-FROM: 501 5.5.4 You are not allowed to send from this address."
_FULL = "552 5.2.2 Mailbox full."
_INVENTED = re.compile(r"\.example\.(com|net|org)$")
"""The domains of those who wrote the sample mail. An answer to them is accepted, and goes nowhere."""

_DIGITS = re.compile(r"[1-9][0-9]{0,9}")
_PARAMETERS = frozenset(("HOLDFOR", "HOLDUNTIL"))
_ADDRESS = re.compile(r"[^\s@<>(),;:\\\"\[\].]+(?:\.[^\s@<>(),;:\\\"\[\].]+)*@[^\s@.]+(?:\.[^\s@.]+)*")
_BCC = re.compile(rb"(?im)^bcc:.*\n(?:[ \t].*\n)*")
_IDS = {"identityIds": "identity_id", "emailIds": "email_id", "threadIds": "thread_id"}
_COLUMNS = {"emailId": "email_id", "threadId": "thread_id", "sentAt": "send_at"}


class Submissions(DataType):
    name = "EmailSubmission"
    returns_old_state = False

    def __init__(
        self,
        store: Store,
        log: ChangeLog,
        blobs: Blobs,
        domains: Domains,
        identities: Identities,
        emails: Emails,
        mail: EmailStore,
    ) -> None:
        super().__init__(store, log)
        self._blobs = blobs
        self._domains = domains
        self._identities = identities
        self._emails = emails
        self._mail = mail
        self.queued = asyncio.Event()
        """Set when a submission is queued; the task that waits for it clears it."""

    # Reading

    def all_ids(self, call: MailCall) -> list[int]:
        sql = "SELECT id FROM submissions WHERE account_id = ? AND NOT is_destroyed AND send_at >= ? ORDER BY id"
        return [number for (number,) in self._store.rows(sql, call.account, _listed_since())]

    def shown(self, call: MailCall, numbers: list[int], arguments: JSON) -> dict[int, JSON]:
        sql = """
            SELECT id, identity_id, email_id, thread_id, send_at, undo_status, document FROM submissions
            WHERE account_id = ? AND NOT is_destroyed AND id IN (SELECT value FROM json_each(?))"""
        rows = self._store.rows(sql, call.account, json.dumps(numbers))
        return {
            number: {
                "identityId": ids.encode(identity),
                "emailId": ids.encode(email),
                "threadId": ids.encode(thread),
                "sendAt": send_at,
                "undoStatus": undo_status,
                "dsnBlobIds": [],
                "mdnBlobIds": [],
            }
            | json.loads(document)
            for number, identity, email, thread, send_at, undo_status, document in rows
        }

    def found(self, call: MailCall, arguments: JSON) -> Generator[int]:
        where, values = query_filters.condition(arguments.get("filter") or {}, _leaf)
        order, more = query_filters.order(arguments.get("sort") or [], _column, "id")
        listed = "account_id = ? AND NOT is_destroyed AND send_at >= ?"
        sql = f"SELECT id FROM submissions WHERE {listed} AND ({where}) ORDER BY {order}"  # noqa: S608 - names of the source
        yield from (number for (number,) in self._store.rows(sql, call.account, _listed_since(), *values, *more))

    # Changes

    def set(self, call: MailCall, arguments: JSON) -> JSON:
        """Successful changes trigger the Email/set that `onSuccess…` describes (RFC 8621 §7.5). A key that is an id
        should be that of a submission. Stalwart takes it for the id of an email, so that this is done here, too."""
        response = super().set(call, arguments)
        if not response.keys() & {"created", "updated", "destroyed"}:
            return response
        of_email = {f"#{key}": self._email_of(call, made["id"]) for key, made in response.get("created", {}).items()}
        patches: JSON = arguments.get("onSuccessUpdateEmail") or {}
        destroyed: list[str] = arguments.get("onSuccessDestroyEmail") or []
        update = {
            of_email.get(key, key): patch
            for key, patch in patches.items()
            if key in of_email or not key.startswith("#")
        }
        destroy = [of_email.get(key, key) for key in destroyed if key in of_email or not key.startswith("#")]
        if patches or destroyed:
            call.implied.append(("Email/set", self._emails.set(call, {"update": update, "destroy": destroy})))
        return response

    def check_state(self, call: MailCall, arguments: JSON) -> str:
        """The current state: Stalwart does not compare it with `ifInState` here."""
        return self.state(call.account)

    def _email_of(self, call: MailCall, text: str) -> str:
        sql = "SELECT email_id FROM submissions WHERE account_id = ? AND id = ?"
        ((email,),) = self._store.rows(sql, call.account, ids.decode(text))
        return ids.encode(email)

    def create(self, call: MailCall, value: JSON) -> JSON:
        if unknown := value.keys() - {"identityId", "emailId", "envelope", "undoStatus"}:
            raise invalid(*sorted(unknown), description="Field could not be set.")
        identity_id = _reference(call, value, "identityId")
        identity = self._identities.document(call.account, identity_id)
        if identity is None:
            raise invalid("identityId", description="Identity not found.")
        email = _reference(call, value, "emailId")
        row = self._mail.row(call.account, email)
        if email is None or row is None:
            raise invalid("emailId", description="Email not found.")
        ((digest, kept),) = self._store.rows(
            "SELECT digest, document FROM emails JOIN email_documents USING (row) WHERE row = ?", row
        )
        envelope = _envelope(value.get("envelope"), identity["email"], json.loads(kept))
        if self._mail.account_of(identity["email"]) != call.account:  # an address that the account has lost
            raise SetError("forbiddenMailFrom", _NOT_OWN)
        now = datetime.now(UTC)
        send_at = (now + _hold(envelope["mailFrom"]["parameters"] or {}, now)).strftime("%Y-%m-%dT%H:%M:%SZ")
        delivery = {rcpt["email"]: _status(self._refusal(rcpt["email"])) for rcpt in envelope["rcptTo"]}
        refused = all(status["delivered"] == "no" for status in delivery.values())
        undo_status = "final" if refused else "pending"
        document = json.dumps({"envelope": envelope, "deliveryStatus": delivery})
        with self._log.commit(call.account) as commit:
            number = self._store.next_number(call.account, "submission")
            sql = "INSERT INTO submissions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, FALSE)"
            sent = (identity_id, email, email >> 32, digest, send_at, undo_status, document)
            self._store.run(sql, call.account, number, *sent)
            commit.note(self.name, number, "created")
        self.queued.set()
        return {"id": ids.encode(number), "sendAt": send_at, "undoStatus": undo_status}

    def _refusal(self, address: str) -> str | None:
        """The reply to RCPT TO; None if the recipient is accepted."""
        domain = address.rpartition("@")[2].lower()
        if self._domains.number(domain) is None:
            return None if _INVENTED.search(domain) else _NOT_LOCAL
        return _UNKNOWN if self._mail.account_of(address) is None else None

    def update(self, call: MailCall, number: int, patch: JSON) -> JSON | None:
        sql = "SELECT undo_status, document FROM submissions WHERE account_id = ? AND id = ? AND NOT is_destroyed"
        row = self._store.row(sql, call.account, number)
        if row is None:
            raise not_found()
        if patch.keys() - {"undoStatus"} or patch.get("undoStatus") != "canceled":
            raise invalid(*patch, description="Only undoStatus can be set, and only to canceled.")
        statuses = json.loads(row[1])["deliveryStatus"].values()
        if all(status["delivered"] == "no" for status in statuses):  # it was never in the queue
            raise invalid("undoStatus", description="Field could not be set.")
        if row[0] != "pending":
            raise SetError("cannotUnsend", "The requested message is no longer in the queue.")
        with self._log.commit(call.account) as commit:
            document = json.loads(row[1])
            _leave_queue(document["deliveryStatus"])
            sql = "UPDATE submissions SET undo_status = 'canceled', document = ? WHERE account_id = ? AND id = ?"
            self._store.run(sql, json.dumps(document), call.account, number)
            commit.note(self.name, number, "updated")
        return None

    def destroy(self, call: MailCall, number: int, arguments: JSON) -> None:
        """Destroy the record. Mail that was sent is not affected, nor is mail that is held: it leaves in its time."""
        if number not in self.all_ids(call):
            raise not_found()
        with self._log.commit(call.account) as commit:
            sql = "UPDATE submissions SET is_destroyed = TRUE WHERE account_id = ? AND id = ?"
            self._store.run(sql, call.account, number)
            commit.note(self.name, number, "destroyed")

    # The queue

    def send_due(self, now: datetime) -> datetime | None:
        """Deliver the mail that is due. Returns when the next is due; None if the queue is empty.

        In Stalwart, it is not a change of state when a submission becomes final: clients have to poll.
        """
        sql = """
            SELECT account_id, id, digest, document FROM submissions
            WHERE undo_status = 'pending' AND send_at <= ? ORDER BY send_at, account_id, id"""
        for account, number, digest, text in self._store.rows(sql, now.strftime("%Y-%m-%dT%H:%M:%SZ")):
            document = json.loads(text)
            self._deliver(self._blobs.content(digest), document["deliveryStatus"])
            sql = "UPDATE submissions SET undo_status = 'final', document = ? WHERE account_id = ? AND id = ?"
            self._store.run(sql, json.dumps(document), account, number)
        row = self._store.row("SELECT min(send_at) FROM submissions WHERE undo_status = 'pending'")
        return datetime.fromisoformat(row[0]) if row and row[0] else None

    def _deliver(self, content: bytes, delivery: dict[str, JSON]) -> None:
        """Deliver to each account once, even if several of its addresses are recipients."""
        message = _without_bcc(content)
        done: set[int] = set()
        for address, status in delivery.items():
            if status["delivered"] != "queued":
                continue
            account = self._mail.account_of(address)
            try:
                if account in done or _INVENTED.search(address.lower()):
                    status["delivered"] = "unknown"
                elif account is None:
                    status |= _status(_UNKNOWN)
                else:
                    self._mail.deliver(account, message, via="submission", recipient=address)
                    status["delivered"] = "unknown"  # as Stalwart reports what has left its queue
                    done.add(account)
            except Discarded:
                status["delivered"] = "unknown"
            except OverQuota:
                status |= _status(_FULL)


def _listed_since() -> str:
    return (datetime.now(UTC) - _LISTED).strftime("%Y-%m-%dT%H:%M:%SZ")


def _leave_queue(delivery: dict[str, JSON]) -> None:
    for status in delivery.values():
        if status["delivered"] == "queued":
            status["delivered"] = "unknown"


def _status(refusal: str | None) -> JSON:
    delivered = "queued" if refusal is None else "no"
    return {"delivered": delivered, "smtpReply": refusal or _QUEUED, "displayed": "unknown"}


def _reference(call: MailCall, value: JSON, name: str) -> int | None:
    text = value.get(name)
    return ids.decode(created_id(text, call.created)) if isinstance(text, str) else None


def _envelope(given: Any, own: str, document: JSON) -> JSON:
    """The given envelope. A missing part, or an empty `rcptTo`, is taken from the identity and the addresses in the
    message (RFC 8621 §7). Raises SetError."""
    given = {} if given is None else given
    if not is_object(given):
        raise invalid("envelope", description="Invalid envelope.")
    addressed = [each["email"] for name in ("to", "cc", "bcc") for each in document[name] or ()]
    own_recipients = [{"email": address} for address in dict.fromkeys(addressed) if "@" in address]
    sender, recipients = given.get("mailFrom") or {"email": own}, given.get("rcptTo") or own_recipients
    if not _is_address(sender) or not is_list(recipients) or not all(map(_is_address, recipients)):
        raise invalid("envelope", description="Invalid envelope.")
    for each in (sender, *recipients):
        if not _ADDRESS.fullmatch("".join(each["email"].split())):
            raise invalid("envelope", description=f"Invalid e-mail address {json.dumps(each['email'])}.")
    if sender["email"].lower() != own.lower():
        raise SetError("forbiddenFrom", "Envelope mailFrom does not match identity email address.")
    if not recipients:
        raise SetError("noRecipients", "No recipients found in email.")
    return {"mailFrom": _address(sender), "rcptTo": [_address(each) for each in recipients]}


def _address(given: JSON) -> JSON:
    """As Stalwart keeps it: in lower case, and without blanks."""
    return {"email": "".join(given["email"].split()).lower(), "parameters": given.get("parameters")}


def _is_address(value: Any) -> TypeGuard[JSON]:
    return is_object(value) and isinstance(value.get("email"), str) and is_object(value.get("parameters") or {})


def _hold(parameters: JSON, now: datetime) -> timedelta:
    """FUTURERELEASE (RFC 4865). Raises SetError."""
    given = {name.upper(): value for name, value in parameters.items()}
    seconds, until = given.get("HOLDFOR"), given.get("HOLDUNTIL")
    wrong = "Failed to parse mailFrom parameters"
    if unknown := given.keys() - _PARAMETERS:
        raise invalid("envelope", description=f"{wrong}: Unsupported parameter: {min(unknown)}.")
    if seconds is not None and not _DIGITS.fullmatch(seconds if isinstance(seconds, str) else ""):
        raise invalid("envelope", description=f"{wrong}: Invalid parameter: HOLDFOR.")
    try:
        hold = timedelta(seconds=int(seconds or 0)) if until is None else datetime.fromisoformat(until) - now
    except (TypeError, ValueError):
        raise invalid("envelope", description=f"{wrong}: Invalid parameter: HOLDUNTIL.") from None
    if hold < timedelta():
        raise _rejected("501 5.5.4 HOLDUNTIL must be a date and time in the future.")
    if hold > timedelta(seconds=_MAX_HOLD):
        raise _rejected(f"501 5.5.4 Requested hold time exceeds maximum of {_MAX_HOLD} seconds.")
    return hold


def _rejected(reply: str) -> SetError:
    return SetError("forbiddenMailFrom", f"Server rejected MAIL-FROM: {reply}")


def _without_bcc(content: bytes) -> bytes:
    head, gap, body = content.partition(b"\r\n\r\n")
    return _BCC.sub(b"", head + b"\r\n").removesuffix(b"\r\n") + gap + body


def _leaf(name: str, value: Any) -> Condition | None:
    if name in _IDS and is_list(value):
        return f"{_IDS[name]} IN ({query_filters.placeholders(value)})", tuple(ids.decode(text) for text in value)
    if name == "undoStatus" and isinstance(value, str):
        return "undo_status = ?", (value,)
    if name in ("before", "after"):
        return f"send_at {'<' if name == 'before' else '>='} ?", (query_filters.moment(value),)
    return None


def _column(comparator: JSON) -> Condition | None:
    name = comparator.get("property")
    return (_COLUMNS[name], ()) if name in _COLUMNS else None
