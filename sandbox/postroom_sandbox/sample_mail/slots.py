"""What differs between two uses of a template: `${order}`, `${item}`, `${date}` and so on."""

from datetime import datetime, timedelta
from functools import cache
from random import Random
from typing import Any

from postroom_sandbox.sample_mail.correspondent import Correspondent, words

_MONTHS = {
    "en": [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
    "de": [
        "Januar",
        "Februar",
        "März",
        "April",
        "Mai",
        "Juni",
        "Juli",
        "August",
        "September",
        "Oktober",
        "November",
        "Dezember",
    ],
}
_DAYS = {
    "en": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
    "de": ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"],
}


@cache
def _lists() -> dict[str, dict[str, list[str]]]:
    return words("slots")


class Slots:
    """The values of one conversation. A name always has the same value; one that begins with `each_` has another one in
    each message, and digits at the end make it another of the same kind: `${item}`, `${item2}`."""

    def __init__(self, seed: str, language: str, person: Correspondent, moment: datetime) -> None:
        self._seed = seed
        self._language = language if language in _MONTHS else "en"
        self._person = person
        self._moment = moment
        self._known: dict[str, str] = {}

    def value(self, name: str, message: int) -> str:
        key = f"{name}/{message}" if name.startswith("each_") else name
        if key not in self._known:
            random = Random(f"{self._seed}/{key}")
            self._known[key] = self._drawn(name.removeprefix("each_").rstrip("0123456789"), random)
        return self._known[key]

    def _drawn(self, kind: str, random: Random) -> str:
        later = self._moment + timedelta(days=random.randint(2, 20))
        match kind:
            case "me":
                return self._person.first_name
            case "me_full":
                return self._person.name or self._person.first_name
            case "me_email":
                return self._person.email
            case "number":
                return str(random.randint(1000, 9999))
            case "small":
                return str(random.randint(2, 12))
            case "code":
                return f"{random.randint(0, 999_999):06}"
            case "amount":
                return self._amount(random.randint(400, 90_000))
            case "time":
                return f"{random.randint(8, 20)}:{random.choice(['00', '15', '30', '45'])}"
            case "year":
                return str(self._moment.year)
            case _:
                return self._date(kind, later) or random.choice(self._list(kind))

    def _date(self, kind: str, later: datetime) -> str | None:
        day = f"{later.day}." if self._language == "de" else str(later.day)
        match kind:
            case "date":
                return f"{day} {_MONTHS[self._language][later.month - 1]}"
            case "weekday":
                return _DAYS[self._language][later.weekday()]
            case "month":
                return _MONTHS[self._language][self._moment.month - 1]
            case _:
                return None

    def _amount(self, cents: int) -> str:
        whole, part = divmod(cents, 100)
        return f"{whole},{part:02} €" if self._language == "de" else f"€{whole}.{part:02}"

    def _list(self, kind: str) -> list[str]:
        known: dict[str, Any] = _lists()
        return known[self._language].get(kind) or known["any"][kind]


def long_date(moment: datetime, language: str) -> str:
    """Of a quotation: `Monday 12 January 2026 at 14:05`."""
    if language == "de":
        return f"{moment.day}. {_MONTHS['de'][moment.month - 1]} {moment.year} um {moment:%H:%M} Uhr"
    day, month = _DAYS["en"][moment.weekday()], _MONTHS["en"][moment.month - 1]
    return f"{day} {moment.day} {month} {moment.year} at {moment:%H:%M}"
