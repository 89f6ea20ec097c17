"""`make bench-web` runs, and a browser loads no file that the check of the size does not count."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

from benchmarks.web.first_view import LIMIT
from benchmarks.web.report import document
from built_web import require_interface
from chromium import chromium_path
from tests.missing import Missing, skip_without

ROOT = Path(__file__).parents[2]


@pytest.mark.long
@pytest.mark.timeout(300)
async def test_few_samples_of_each_figure_are_taken_and_ci_counts_all_files_of_the_first_view() -> None:
    require_interface()
    try:
        chromium_path()
    except Missing as missing:
        skip_without("Chromium", missing)
    run = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.web", "--tiny", "--json"),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await run.communicate()
    assert run.returncode == 0, errors.decode()
    results = json.loads(output)
    (row,) = results["mailboxes"].values()
    assert row["first view"]["files, gzip -9, bytes"] <= LIMIT
    assert row["first view"]["files that CI does not count"] == []
    assert row["list from the cache"]["painted without an answer to any call"]
    page = document(results)
    assert all(f"| {what}" in page for what in ("new mail", "open a mail", "list, first visit", "list from the cache"))
