"""What the benchmarks tell of a measurement, and that their report in docs is made of what was measured."""

import pytest

from benchmarks import report
from benchmarks.measures.drain_rate import rate_of
from benchmarks.measures.punctuality import lateness
from benchmarks.measures.survival import Event, outcome
from benchmarks.profile import told


@pytest.mark.skipif(not report.RESULTS.exists(), reason="nothing was measured yet: make bench-peers")
def test_the_page_in_docs_is_made_of_the_kept_results() -> None:
    results = report.load()
    assert (report.DOCS / "benchmarks.md").read_text() == report.report(results, report.BY_HAND.read_text())
    for name, picture in report.pictures(results).items():
        assert (report.DOCS / "pictures" / name).read_text() == picture


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
    loop = "main (postroom/composition/process.py:1);Runner.run (asyncio/runners.py:118)"
    asked = f"{loop};rows (postroom/postgres/connection.py:9);execute (psycopg/cursor.py:3)"
    row = told("hooks", [f"{loop} 60", f"{asked} 30", f"{loop};send (uvicorn/http.py:1) 10"])
    assert (row["samples"], row["in the event loop, %"]) == (100, 60)
    assert row["places"] == [
        {"ours": "rows (postroom/postgres/connection.py)", "library": "psycopg", "share, %": 75.0},
        {"ours": "none of ours", "library": "uvicorn", "share, %": 25.0},
    ]
