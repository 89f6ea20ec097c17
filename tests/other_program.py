"""What another mail program of a person sends, and reads."""

from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default

from eventually import eventually
from mail_person import Person

ARRIVES = 45
"""Seconds: the mail server holds for 12 s what was written in a browser, so that it can be taken back."""


async def send(sender: Person, to: str, subject: str, text: str, **more: object) -> None:
    """A draft and its submission."""
    drafts, *_ = await sender.query("Mailbox", filter={"role": "drafts"})
    identity, *_ = (await sender.call("Identity/get", ids=None))["list"]
    email = {
        "mailboxIds": {drafts: True},
        "from": [{"email": sender.address}],
        "to": [{"email": to}],
        "subject": subject,
        "bodyStructure": {"partId": "1", "type": "text/plain"},
        "bodyValues": {"1": {"value": text}},
        **more,
    }
    made = await sender.create("Email", **email)
    await sender.create("EmailSubmission", emailId=made["id"], identityId=identity["id"])


async def mails_in(person: Person, role: str, subject: str) -> list[EmailMessage]:
    """Those whose subject holds these words, but for what is replaced meanwhile."""
    mailboxes = await person.query("Mailbox", filter={"role": role})
    # Without the filter `subject`: Stalwart finds no "Re:" (docs/mail-servers.md).
    found = await person.query(filter={"inMailbox": mailboxes[0]}) if mailboxes else []
    emails = (await person.call("Email/get", ids=found, properties=["blobId", "subject"]))["list"]
    octets = [await _octets(person, email["blobId"]) for email in emails if subject in (email["subject"] or "")]
    return [BytesParser(policy=default).parsebytes(one) for one in octets if one is not None]


async def received(person: Person, subject: str, role: str = "inbox") -> EmailMessage:
    """The one mail of this subject, once it is there."""
    mails: list[EmailMessage] = []

    async def arrived() -> bool:
        mails[:] = await mails_in(person, role, subject)
        return bool(mails)

    await eventually(arrived, f"{subject!r} reaches {person.address}", ARRIVES)
    (mail,) = mails
    return mail


async def _octets(person: Person, blob: str) -> bytes | None:
    address = f"/jmap/download/{person.account}/{blob}/mail.eml?accept=message/rfc822"
    answer = await person.http.get(address)
    assert answer.status_code in (200, 404), answer.text
    return answer.content if answer.status_code == 200 else None
