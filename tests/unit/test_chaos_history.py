"""The history of a run contains the events of its processes, in time order."""

from pathlib import Path

from chaos.history import History, read


def test_chaos_events_of_several_processes_are_merged_in_time_order(tmp_path: Path) -> None:
    clocks = iter((1.0, 4.0)), iter((2.0, 3.0))
    files = tmp_path / "run.jsonl", tmp_path / "load.jsonl"
    for file, clock in zip(files, clocks, strict=True):
        history = History(file, lambda clock=clock: next(clock))
        history.record("first")
        history.record("second")
        history.close()
    assert [event["t"] for event in read(*files)] == [1, 2, 3, 4]


def test_history_line_truncated_by_a_kill_is_skipped(tmp_path: Path) -> None:
    (tmp_path / "load.jsonl").write_text('{"t": 1, "event": "asked"}\n{"t": 2, "ev')
    assert len(read(tmp_path / "load.jsonl", tmp_path / "never-written.jsonl")) == 1
