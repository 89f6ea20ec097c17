"""Compares the waiting requests with the members in Redis.

It compares keys, (identity_id, enqueued_at), not bytes: another version of Postroom may write the same member
differently, and that is no reason to change it.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from postroom.domain.member import RetryJob
from postroom.domain.request import Request

Key = tuple[UUID, datetime]


def key_of(request: Request) -> Key:
    return request.identity_id, request.enqueued_at


def key_of_member(member: str) -> Key | None:
    """None for bytes that cannot be parsed."""
    try:
        job = RetryJob.from_json(member)
    except ValueError:
        return None
    return job.identity_id, job.enqueued_at


def missing(waiting: Iterable[Request], members: Iterable[str]) -> list[Request]:
    """The waiting requests that no member stands for."""
    present = {key_of_member(member) for member in members}
    return [request for request in waiting if key_of(request) not in present]


def foreign(waiting: Iterable[Request], members: Iterable[str]) -> list[str]:
    """The members that stand for none of the waiting requests."""
    known = {key_of(request) for request in waiting}
    return [member for member in members if key_of_member(member) not in known]


def written_otherwise(waiting: Iterable[Request], members: Iterable[str]) -> list[str]:
    """The members that are not, byte for byte, what this version writes for one of the waiting requests."""
    exact = {RetryJob.of(request).to_json() for request in waiting}
    return [member for member in members if member not in exact]
