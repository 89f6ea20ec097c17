"""The member of the sorted set: readable, a pure function of the row, and different after each settle."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes import request_of
from postroom.domain.member import MAX_ERROR, RetryJob

ID = UUID("8b9e4c7a-c3d6-4dae-a06a-acb8a03ece9a")
ENQUEUED = datetime(2026, 3, 1, 9, 5, 7, 42, tzinfo=UTC)
TEXT = (
    '{"identity_id":"8b9e4c7a-c3d6-4dae-a06a-acb8a03ece9a","email":"alice@example.org","attempt":1,'
    '"enqueued_at":"2026-03-01T09:05:07.000042Z","error":"mail server answered 503"}'
)

JOBS = st.builds(
    RetryJob,
    identity_id=st.uuids(),
    email=st.text(),
    attempt=st.integers(0, 3),
    enqueued_at=st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 — timezones adds it
    error=st.none() | st.text(),
)


def test_retry_job_serialization() -> None:
    """The field order, the microseconds and the Z are part of the contract: equal jobs are equal bytes."""
    job = RetryJob(ID, "alice@example.org", 1, ENQUEUED, "mail server answered 503")
    assert (job.to_json(), RetryJob.from_json(TEXT)) == (TEXT, job)


@given(JOBS)
def test_member_is_read_back_as_it_was_written(job: RetryJob) -> None:
    assert RetryJob.from_json(job.to_json()) == job


@given(JOBS)
def test_member_is_a_single_line_for_redis_cli(job: RetryJob) -> None:
    text = job.to_json()
    assert "\n" not in text
    assert list(json.loads(text)) == ["identity_id", "email", "attempt", "enqueued_at", "error"]


def test_member_writes_each_enqueue_time_with_microseconds() -> None:
    """So its bytes differ if only the enqueue time differs, also for a whole second."""
    times = [ENQUEUED.replace(microsecond=0), ENQUEUED, ENQUEUED + timedelta(microseconds=1)]
    members = [json.loads(RetryJob.of(request_of(ID, enqueued_at=each)).to_json()) for each in times]
    assert [each["enqueued_at"][-8:] for each in members] == [".000000Z", ".000042Z", ".000043Z"]


def test_member_is_in_utc_whatever_the_session_time_zone() -> None:
    there = ENQUEUED.astimezone(timezone(timedelta(hours=5, minutes=45)))
    text = RetryJob.of(request_of(ID, enqueued_at=there)).to_json()
    assert json.loads(text)["enqueued_at"] == "2026-03-01T09:05:07.000042Z"


@pytest.fixture
def machine_in_kathmandu(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as environment:
        environment.setenv("TZ", "Asia/Kathmandu")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("machine_in_kathmandu")
def test_member_is_in_utc_whatever_the_machine_time_zone() -> None:
    """Otherwise the Z would be wrong, and other machines would treat every member of this machine as stray."""
    job = RetryJob.of(request_of(ID, enqueued_at=ENQUEUED))
    assert job.enqueued_at == ENQUEUED
    assert '"enqueued_at":"2026-03-01T09:05:07.000042Z"' in job.to_json()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{}", "^not a retry job: 'identity_id'$"),
        ("7", "^not a retry job: 'int'"),
        (TEXT.replace("000042Z", "000042"), "^not a retry job: enqueued_at has no time zone$"),
    ],
)
def test_invalid_member_raises_the_reason(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        RetryJob.from_json(text)


def test_member_contains_the_retry_number_and_the_first_120_characters_of_the_error() -> None:
    job = RetryJob.of(request_of(ID, retries=2, attempts=7, last_error="é" * 500, enqueued_at=ENQUEUED))
    assert job == RetryJob(ID, "alice@example.org", 2, ENQUEUED, "é" * MAX_ERROR)
    assert RetryJob.of(request_of(ID, retries=0)).attempt == 1, "what waits after an outage has spent no retry"
    assert (MAX_ERROR, "é" in job.to_json()) == (120, True), "ASCII escapes would cost six bytes a character"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "null",
        "7",
        "[]",
        '"text"',
        "{}",
        "\ud800",
        "[" * 100_000,
        TEXT[:-1],
        TEXT.replace("8b9e", "8b9g"),
        TEXT.replace('"8b9e4c7a-c3d6-4dae-a06a-acb8a03ece9a"', "17"),
        TEXT.replace(":1,", ':"one",'),
        TEXT.replace(":1,", ":null,"),
        TEXT.replace(":1,", ":[],"),
        TEXT.replace(":1,", ":Infinity,"),
        TEXT.replace(":1,", ":1e999,"),
        TEXT.replace(":1,", ":NaN,"),
        TEXT.replace("000042Z", "000042"),
        TEXT.replace("2026-03", "2026-13"),
        TEXT.replace('"2026-03-01T09:05:07.000042Z"', "1772355907"),
        TEXT.replace('"error"', '"eror"'),
    ],
    ids=range(22),
)
def test_unreadable_member_raises_only_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        RetryJob.from_json(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(st.fixed_dictionaries(dict.fromkeys(("identity_id", "email", "attempt", "enqueued_at", "error"), JSON)))
def test_member_with_wrong_types_raises_at_most_a_value_error(fields: dict[str, object]) -> None:
    fields |= {"identity_id": str(ID)}
    try:
        RetryJob.from_json(json.dumps(fields))
    except ValueError:
        return
    assert datetime.fromisoformat(str(fields["enqueued_at"])).tzinfo
