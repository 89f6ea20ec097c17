"""When the mail came: over two years, most of it in the last weeks, people by day."""

import math
from datetime import datetime, timedelta
from random import Random

from postroom_sandbox.sample_mail.template import Template

_SPAN = timedelta(days=730)
_ON_THE_LAST_DAY = 20  # mails, about, as long as the mailbox is small
_LEAST_BEND, _GREATEST_BEND = 1.5, 4.0
_FIRST_HOUR, _LAST_HOUR = 7, 21  # UTC + 1
_BY_NIGHT = ("newsletter", "notice", "builds", "spam")


def age(random: Random, mails: int) -> timedelta:
    """The age of a conversation. The more mails there are, the more evenly they are spread."""
    bend = math.log(_SPAN.days) / math.log(max(mails / _ON_THE_LAST_DAY, 2))
    return _SPAN / 1.3 * random.random() ** min(max(bend, _LEAST_BEND), _GREATEST_BEND)


def moments(template: Template, random: Random, now: datetime, mails: int) -> tuple[datetime, ...]:
    """The time of each message, in their order. None is later than `now`."""
    last = now - (template.age or age(random, mails)) * random.uniform(1.02, 1.3) - timedelta(seconds=30)
    if template.age is None and template.kind not in _BY_NIGHT and now - last > timedelta(days=1):
        last = _by_day(last, random)
    found = [last]
    for letter in reversed(template.letters[1:]):
        found.append(found[-1] - letter.after * random.uniform(0.6, 1.4))
    return tuple(moment.replace(microsecond=0) for moment in reversed(found))


def _by_day(moment: datetime, random: Random) -> datetime:
    if _FIRST_HOUR <= (moment.hour + 1) % 24 <= _LAST_HOUR:
        return moment
    return moment.replace(hour=random.randint(_FIRST_HOUR, _LAST_HOUR) - 1) - timedelta(days=1)
