"""Whether two accounts that were prepared alike are answered alike: equal, but for the ids, states and times that a
server makes, which must correspond one to one."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
# The kind of the ids in a property; those of the others are of the type that the method is about.
_KINDS = {
    "accountId": "Account",
    "fromAccountId": "Account",
    "blobId": "Blob",
    "copied": "Blob",
    "mailboxIds": "Mailbox",
    "parentId": "Mailbox",
    "threadId": "Thread",
    "emailId": "Email",
    "emailIds": "Email",
    "identityId": "Identity",
}
_OWN = {
    "id",
    "ids",
    "created",
    "updated",
    "destroyed",
    "notFound",
    "notUpdated",
    "notDestroyed",
    "removed",
    "existingId",
}
_STATES = {"state", "oldState", "newState", "queryState", "oldQueryState", "newQueryState"}
# How much longer a message may be: Stalwart's boundaries of parts are numbers with as many digits as it happens.
_BOUNDARIES = 40
_SETS = {"created", "updated", "destroyed", "notFound", "removed", "emailIds", "list"}


class Likeness:
    """`texts` are what stands for the one person and for the other, such as their addresses."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts
        self._there: defaultdict[str, dict[str, str]] = defaultdict(dict)
        self._back: defaultdict[str, dict[str, str]] = defaultdict(dict)

    def pair(self, thing: str, one: str, other: str) -> None:
        """These ids of such a thing correspond."""
        self._there[thing][one], self._back[thing][other] = other, one

    def differences(self, one: list[Any], other: list[Any]) -> Iterator[str]:
        """Of two lists of method responses: where they differ."""
        if len(one) != len(other):
            yield f"{len(one)} responses and {len(other)}: {one} {other}"
        for (method, arguments, call_id), (name, found, its_id) in zip(one, other, strict=False):
            if (method, call_id) != (name, its_id):
                yield f"{method} {call_id} and {name} {its_id}: {arguments} {found}"
            else:
                yield from self._compare(arguments, found, method.partition("/")[0], "", method)

    def _compare(self, one: Any, other: Any, thing: str, name: str, where: str) -> Iterator[str]:
        match one, other:
            case dict(), dict():
                yield from self._compare_objects(one, other, thing, name, where)
            case list(), list() if len(one) == len(other):
                if name in _SETS:
                    other = self._in_order(one, other, thing, name)
                for place, pair in enumerate(zip(one, other, strict=True)):
                    yield from self._compare(*pair, thing, name, f"{where}/{place}")
            case str(), str():
                if not self._is_alike(one, other, thing, name):
                    yield f"{where}: {one!r} and {other!r}"
            case int(), int() if name == "size" and abs(one - other) <= _BOUNDARIES:
                pass
            case _ if one != other or type(one) is not type(other):
                yield f"{where}: {one!r} and {other!r}"
            case _:
                pass

    def _compare_objects(
        self, one: dict[str, Any], other: dict[str, Any], thing: str, name: str, where: str
    ) -> Iterator[str]:
        if len(one) != len(other):
            yield f"{where}: {one} and {other}"
            return
        keys = list(one)
        for key, its_key in zip(keys, self._in_order(keys, list(other), thing, name), strict=True):
            if key != its_key and not self._is_alike(key, its_key, thing, name):
                yield f"{where}: {key!r} and {its_key!r}"
            yield from self._compare(one[key], other[its_key], thing, key if key.isalpha() else name, f"{where}/{key}")

    def _in_order(self, one: list[Any], other: list[Any], thing: str, name: str) -> list[Any]:
        """`other`, with each one that is known to correspond in the place of its counterpart."""
        known = self._there[_kind(thing, "id" if name == "list" else name)]
        there = [known.get(_id(each), _id(each)) for each in one]
        by_id = {_id(each): each for each in other}
        rest = iter([each for each in other if _id(each) not in there])
        return [by_id[each] if each in by_id else next(rest) for each in there]

    def _is_alike(self, one: str, other: str, thing: str, name: str) -> bool:
        if kind := _kind(thing, name):
            there = self._there[kind].setdefault(one, other)
            back = self._back[kind].setdefault(other, one)
            return (there, back) == (other, one)
        if _TIME.fullmatch(one) and _TIME.fullmatch(other):
            return True
        for text, counterpart in self._texts.items():
            one = one.replace(text, counterpart)
        return one == other


def _kind(thing: str, name: str) -> str:
    """Of what the ids in a property are, or "" where it holds none."""
    if name in _STATES:
        return f"state of {thing}"
    return _KINDS.get(name, thing if name in _OWN else "")


def _id(each: Any) -> str:
    """Of an object, or what is one already."""
    return each["id"] if isinstance(each, dict) else each
