"""Where a message lies, and whether it is read, starred, answered or labelled."""

from datetime import datetime, timedelta
from random import Random

from postroom_sandbox.sample_mail.conversation import Conversation

_FRESH = timedelta(days=3)
_KEPT_IN_INBOX = timedelta(days=45)
_ROLES = {"spam": "junk"}

Placed = tuple[str, frozenset[str]]
"""A mailbox, as a role or as the path of one of the person's own, and keywords."""


def placed(conversation: Conversation, number: int, now: datetime) -> Placed:
    template, random = conversation.template, Random(f"{conversation.seed}/place")
    where = _mailbox(conversation, random, now)
    starred = random.random() < 0.04 if template.starred is None else template.starred
    last = number == len(template.letters) - 1
    words = set[str](template.labels if where != "junk" else ())
    if starred and last:
        words.add("$flagged")
    if conversation.letter(number).is_draft:
        return "drafts", frozenset(words | {"$draft", "$seen"})
    if conversation.is_mine(number):
        return "sent", frozenset(words | {"$seen"})
    if not last and conversation.is_mine(number + 1) and not conversation.letter(number + 1).is_draft:
        words.add("$answered")
    elif random.random() < 0.02:
        words.add("$forwarded")
    if not _is_unread(conversation, number, random, now):
        words.add("$seen")
    return where, frozenset(words)


def _mailbox(conversation: Conversation, random: Random, now: datetime) -> str:
    template, age = conversation.template, now - conversation.moments[-1]
    if role := _ROLES.get(template.kind):
        return role
    chance = random.random()
    if template.always or template.age:
        return template.place or "inbox"
    if chance < 0.03:
        return "trash"
    if template.folder and (age > _KEPT_IN_INBOX or chance < 0.4):
        return template.folder
    return "archive" if age > _KEPT_IN_INBOX and chance < 0.35 else "inbox"


def _is_unread(conversation: Conversation, number: int, random: Random, now: datetime) -> bool:
    """The last message of a fresh conversation may be, and now and then an old newsletter. What is answered is read."""
    template = conversation.template
    if number < max((n for n in range(len(template.letters)) if conversation.is_mine(n)), default=-1):
        return False
    if template.unread is not None:
        return template.unread and number == len(template.letters) - 1
    if now - conversation.moments[number] < _FRESH:
        return random.random() < (0.9 if template.kind == "spam" else 0.3)
    return random.random() < (0.05 if template.mailing else 0.004)
