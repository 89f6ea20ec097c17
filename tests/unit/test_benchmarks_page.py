"""The page of the benchmarks says what was measured: it is made of a fixed result, and of the one that is kept."""

import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest

from benchmarks import page
from benchmarks.contenders import CONTENDERS
from benchmarks.measures.drain_rate import rate_of
from benchmarks.measures.punctuality import lateness
from benchmarks.measures.survival import Event, outcome
from benchmarks.profile import told
from benchmarks.targets import targets


def runs(median: float, least: float | None = None, most: float | None = None) -> dict[str, Any]:
    one = least is None
    return {
        "median": median,
        "least": median if one else least,
        "most": median if one else most,
        "runs": 1 if one else 5,
    }


def found(*rows: dict[str, Any], failures: tuple[dict[str, str], ...] = ()) -> dict[str, Any]:
    return {
        "date": "2026-11-25",
        "form": "short",
        "host": {"cores": 2, "memory, GiB": 24, "kernel": "Linux 6", "load before": 0.5},
        "versions": {"postroom": "0.1.0"},
        "contenders": {"arq": {"arq": "0.28.0"}},
        "took, s": 60,
        "failures": list(failures),
        "rows": list(rows),
    }


def late(contender: str, setting: str, p99: float) -> dict[str, Any]:
    names = ("p50", "p99", "max", "off p50", "off p99", "early, %")
    row = {name: runs(p99, p99 - 1, p99 + 1) for name in names}
    return {"contender": contender, "setting": setting, "n": 160, "not started": 0} | row


def recovery(contender: str, setting: str, seconds: float | None) -> dict[str, Any]:
    return {"contender": contender, "setting": setting, "cap": 120, "seconds": seconds}


def accepted(contender: str, clients: int, rate: float) -> dict[str, Any]:
    row = {"contender": contender, "clients": clients, "a second": runs(rate)}
    return row | {"p50, ms": runs(1.0), "p99, ms": runs(2.0)}


def drained(contender: str, setting: str, rate: float) -> dict[str, Any]:
    return {"contender": contender, "setting": setting, "workers": 1, "a second": runs(rate)}


RESULTS = {
    "punctuality": found(
        late("celery", "defaults", 4), late("docket", "defaults", 250), late("docket", "best", 20),
        late("postroom", "defaults", 300), late("postroom", "best", 5),
        failures=({"step": "arq", "reason": "gone\naway"},),
    ),
    "recovery": found(
        recovery("docket", "defaults", None), recovery("docket", "best", 9.0), recovery("postroom", "defaults", 29.0)
    ),
    "accept_rate": found(
        accepted("procrastinate", 1, 800), accepted("postroom", 1, 700), accepted("postroom", 50, 1500),
        accepted("arq", 1, 2200),
    ),
    "drain_rate": found(drained("arq", "best", 2500), drained("postroom", "batched by 100", 5000)),
}  # fmt: skip


@pytest.fixture
def verdicts() -> dict[str, tuple[bool | None, str]]:
    return {target.what: (target.reached, target.found) for target in targets(RESULTS)}


def test_the_best_peer_is_one_that_survives_kill_9(verdicts: dict[str, tuple[bool | None, str]]) -> None:
    """Celery is quicker at its defaults, and has lost the job."""
    reached, told = verdicts["lateness p99, peers at defaults, ours unpaced"]
    assert (reached, told) == (True, "50.0 times (5.0 against 250.0 ms of docket)")
    assert verdicts["lateness p99, each at its best setting"][0] is False


def test_who_did_not_recover_in_time_took_at_least_that_long(verdicts: dict[str, tuple[bool | None, str]]) -> None:
    assert verdicts["recovery after kill -9, at defaults"] == (
        True,
        "4.1 times (29.0 against 120.0 s of docket, and it had not by then)",
    )


def test_a_missed_target_is_told_as_missed(verdicts: dict[str, tuple[bool | None, str]]) -> None:
    reached, told = next(each for what, each in verdicts.items() if "over HTTP, one client" in what)
    assert (reached, told) == (False, "0.9 times (700.0 against 800.0 a second of procrastinate, within its process)")
    assert "**missed**" in page.page(RESULTS, "")


def test_what_was_not_measured_is_no_success(verdicts: dict[str, tuple[bool | None, str]]) -> None:
    assert verdicts["hook to mailbox, p50 of one client"] == (None, "not measured")
    assert "## Survival\n\nNot measured yet." in page.page(RESULTS, "")
    assert all(target.reached is None for target in targets({}))


def test_durable_and_not_durable_stand_in_separate_columns() -> None:
    text = page.page(RESULTS, "")
    assert "|  | durable, 1 client | durable, 50 clients | not durable, 1 client | not durable, 50 clients |" in text
    assert "| arq |  |  | 2,200 [1, 2] | — |" in text
    assert "| postroom | 700 [1, 2] | 1,500 [1, 2] |  |  |" in text


def test_the_page_tells_what_failed_the_host_and_what_a_person_wrote() -> None:
    text = page.page(RESULTS, "## The profile\n\nBy hand.\n")
    assert "- punctuality, arq: gone away" in text
    assert "cores 2, memory, GiB 24, kernel Linux 6, load before 0.5" in text
    assert "By hand." in text
    assert "| docket | no | not within 120 s | 9.0 s |" in text
    assert "250 (249 to 251)" in text


def test_every_picture_is_svg_with_a_bar_for_each_row() -> None:
    for name, picture in page.pictures(RESULTS).items():
        drawing = ElementTree.fromstring(picture)  # noqa: S314 — ours
        assert drawing.tag.endswith("svg"), name
    assert page.pictures(RESULTS)["benchmarks-lateness.svg"].count("<rect") == 5 + 3  # and the legend


@pytest.mark.skipif(not page.RESULTS.exists(), reason="nothing was measured yet: make bench-peers")
def test_the_page_in_docs_is_made_of_the_kept_results() -> None:
    results = page.load()
    assert (page.DOCS / "benchmarks.md").read_text() == page.page(results, page.BY_HAND.read_text())
    for name, picture in page.pictures(results).items():
        assert (page.DOCS / "pictures" / name).read_text() == picture


def test_the_first_and_the_last_contender_are_peers() -> None:
    assert "postroom" not in (CONTENDERS[0].name, CONTENDERS[-1].name)


def test_what_has_not_started_counts_as_late_as_it_is_and_early_as_far_as_late() -> None:
    row = lateness({"a": 10.0, "b": 10.0}, {"a": 9.9}, now=12.0)
    assert (row["not started"], row["early, %"], round(row["max"]), round(row["off p50"])) == (1, 50.0, 2000, 100)


def test_a_drain_counts_from_the_moment_when_every_worker_works() -> None:
    starts = [Event("start", f"j{number}", at, worker) for number, (at, worker) in enumerate(
        [(0.0, "1"), (1.0, "1"), (2.0, "2"), (3.0, "1"), (4.0, "2")]
    )]  # fmt: skip
    assert rate_of(starts) == 1.0


def test_a_job_that_ended_twice_is_not_lost_and_one_that_only_started_is() -> None:
    events = [
        Event(what, key, 0.0, "1") for what, key in [("end", "a"), ("end", "a"), ("start", "b"), ("end", "other")]
    ]
    assert outcome({"a", "b"}, events) == {"accepted": 2, "not done": 1, "twice": 1}


def test_a_profile_counts_for_the_innermost_place_of_ours_and_the_library_it_called() -> None:
    loop = "main (postroom/process.py:1);Runner.run (asyncio/runners.py:118)"
    asked = f"{loop};rows (postroom/postgres/connection.py:9);execute (psycopg/cursor.py:3)"
    row = told("hooks", [f"{loop} 60", f"{asked} 30", f"{loop};send (uvicorn/http.py:1) 10"])
    assert (row["samples"], row["in the event loop, %"]) == (100, 60)
    assert row["places"] == [
        {"ours": "rows (postroom/postgres/connection.py)", "library": "psycopg", "share, %": 75.0},
        {"ours": "none of ours", "library": "uvicorn", "share, %": 25.0},
    ]
