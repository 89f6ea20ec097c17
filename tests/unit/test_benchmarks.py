"""How the benchmarks summarise a measurement, and that the report in docs is generated from the results."""

import pytest

from benchmarks import report
from benchmarks.measures.drain_rate import rate_of
from benchmarks.measures.punctuality import lateness
from benchmarks.measures.survival import Event, outcome
from benchmarks.profile import summary
from benchmarks.web import report as web_report


@pytest.mark.skipif(not report.RESULTS.exists(), reason="nothing has been measured yet: make bench-peers")
def test_benchmark_document_is_generated_from_the_stored_results() -> None:
    results = report.load()
    assert (report.DOCS / "benchmarks.md").read_text() == report.document(results, report.BY_HAND.read_text())
    for name, picture in report.pictures(results).items():
        assert (report.DOCS / "pictures" / name).read_text() == picture


def test_job_not_started_counts_with_its_lateness_so_far_and_early_counts_like_late() -> None:
    row = lateness({"a": 10.0, "b": 10.0}, {"a": 9.9}, now=12.0)
    assert (row["not started"], row["early, %"], round(row["max"]), round(row["off p50"])) == (1, 50.0, 2000, 100)


def test_drain_rate_counts_from_when_every_worker_has_started_a_job() -> None:
    starts = [Event("start", f"j{number}", at, worker) for number, (at, worker) in enumerate(
        [(0.0, "1"), (1.0, "1"), (2.0, "2"), (3.0, "1"), (4.0, "2")]
    )]  # fmt: skip
    assert rate_of(starts) == 1.0


def test_job_that_ended_twice_is_not_lost_and_one_that_only_started_is_lost() -> None:
    events = [
        Event(what, key, 0.0, "1") for what, key in [("end", "a"), ("end", "a"), ("start", "b"), ("end", "other")]
    ]
    assert outcome({"a", "b"}, events) == {"accepted": 2, "not done": 1, "twice": 1}


def test_profile_sample_belongs_to_our_innermost_function_and_the_library_it_called() -> None:
    loop = "main (postroom/composition/process.py:1);Runner.run (asyncio/runners.py:118)"
    asked = f"{loop};rows (postroom/postgres/connection.py:9);execute (psycopg/cursor.py:3)"
    row = summary("hooks", [f"{loop} 60", f"{asked} 30", f"{loop};send (uvicorn/http.py:1) 10"])
    assert (row["samples"], row["in the event loop, %"]) == (100, 60)
    assert row["places"] == [
        {"ours": "rows (postroom/postgres/connection.py)", "library": "psycopg", "share, %": 75.0},
        {"ours": "none of ours", "library": "uvicorn", "share, %": 25.0},
    ]


@pytest.mark.skipif(not web_report.RESULTS.exists(), reason="nothing has been measured yet: make bench-web")
def test_document_about_the_interface_is_generated_from_the_stored_results() -> None:
    assert web_report.PAGE.read_text() == web_report.document(web_report.load())
