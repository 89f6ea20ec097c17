"""Chooses conversations for a mailbox of a given size, and orders their messages by time."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from random import Random

from postroom_sandbox.sample_mail import long_thread, timeline
from postroom_sandbox.sample_mail.conversation import Conversation
from postroom_sandbox.sample_mail.correspondent import Correspondent
from postroom_sandbox.sample_mail.placement import placed
from postroom_sandbox.sample_mail.template import Template, templates

# How often each kind of template is used once all have been.
_WEIGHTS = {"conversation": 10, "notice": 10, "newsletter": 9, "builds": 1, "spam": 1}


@dataclass(frozen=True, slots=True)
class Wish:
    """The mailbox to fill. `thread` is the length of the one long conversation, 0 for none. `authority` is the name of
    the mail server."""

    person: Correspondent
    mails: int
    seed: int
    thread: int
    authority: str


@dataclass(frozen=True, slots=True)
class SampleMail:
    """`mailbox` is a role, or the path of a mailbox of the person's own, such as `Packing/Paper & print`."""

    conversation: Conversation
    number: int
    mailbox: str
    keywords: frozenset[str]

    @property
    def content(self) -> bytes:
        """The message, composed anew each time: fifty thousand of them need not be in memory."""
        return self.conversation.octets(self.number)

    @property
    def received_at(self) -> datetime:
        return self.conversation.moments[self.number]


def sample_mails(wish: Wish, now: datetime) -> Iterator[SampleMail]:
    """Exactly `mails`, the oldest first. The same wish and time give the same mail."""
    planned = sorted(_planned(wish, now), key=lambda each: each[:3])
    for _, _, number, conversation in planned[-wish.mails :]:
        yield SampleMail(conversation, number, *placed(conversation, number, now))


def _planned(wish: Wish, now: datetime) -> Iterator[tuple[datetime, int, int, Conversation]]:
    random = Random(wish.seed)
    count = 0
    for place, template in enumerate(_chosen(wish, random)):
        seed = hashlib.sha256(f"{wish.seed}/{wish.person.email}/{place}".encode()).hexdigest()
        times = timeline.moments(template, random, now, wish.mails)
        conversation = Conversation(template, seed, wish.person, times, wish.authority)
        for number, moment in enumerate(times):
            yield moment, place, number, conversation
        count += len(times)
        if count >= wish.mails:
            return


def _chosen(wish: Wish, random: Random) -> Iterator[Template]:
    """Those that every mailbox has, then the others once, then any of them for ever."""
    if wish.thread:
        yield long_thread.template(wish.thread, wish.seed)
    known = templates()
    yield from (each for each in known if each.always)
    others = [each for each in known if not each.always]
    random.shuffle(others)
    yield from others
    often = [each for each in others if each.kind in _WEIGHTS]
    weights = [_WEIGHTS[each.kind] for each in often]
    while True:
        yield from random.choices(often, weights, k=1000)
