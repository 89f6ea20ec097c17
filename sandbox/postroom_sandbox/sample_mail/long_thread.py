"""One conversation of hundreds of short messages, as a club plans a feast."""

from datetime import timedelta
from random import Random

from postroom_sandbox.sample_mail.correspondent import words
from postroom_sandbox.sample_mail.template import ME, Letter, Template

_OWN_SHARE = 0.12


def template(messages: int, seed: int) -> Template:
    content, random = words("long_thread"), Random(seed)
    people: list[str] = content["people"]
    letters = [Letter(people[0], (ME, *people[1:]), (), content["opening"].strip(), timedelta())]
    for _ in range(messages - 1):
        sender = ME if random.random() < _OWN_SHARE else random.choice(people)
        to = tuple(each for each in people if each != sender)[:3] + (() if sender == ME else (ME,))
        gap = timedelta(minutes=random.choice([2, 5, 9, 14, 30, 60, 90, 200]))
        letters.append(Letter(sender, to, (), random.choice(content["replies"]), gap))
    return Template(kind="conversation", subject=content["subject"], language="en", letters=tuple(letters), always=True)
