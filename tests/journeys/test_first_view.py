"""The size that is checked without a browser is that of what a browser loads."""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, expect

from benchmarks.web.first_view import LIMIT, first_view, sizes_of, table, words_files
from built_web import require_interface
from chromium import chromium
from mail_page import MailPage, mail_page
from postroom.web.build import FOLDER
from trial import Trial, trial

HIGH = {"width": 1440, "height": 2300}
"""50 rows are in view."""


@pytest.fixture(scope="module")
async def up(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Trial]:
    require_interface()
    async with trial(tmp_path_factory.mktemp("first-view"), POSTROOM_PACE="0") as started:
        await started.up()
        yield started


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


async def test_all_that_is_loaded_until_50_rows_and_keys_work_is_counted_by_the_check_of_the_size(
    up: Trial, browser: Browser
) -> None:
    async with mail_page(up, browser, "size.alice", viewport=HIGH) as first:
        await first.sign_up()
        await first.is_at("/mail")
        code, output = await up.postroom("sandbox", "fill", first.email, "--mails", "200")
        assert code == 0, output
        cookies = await first.page.context.cookies()
    async with mail_page(up, browser, "size.alice", viewport=HIGH) as alice:
        await alice.page.context.add_cookies(cookies)  # pyright: ignore[reportArgumentType] — TypedDicts of one shape
        loaded = await until_rows_and_keys(alice)
    sizes, expected = sizes_of(FOLDER, loaded), first_view(FOLDER)
    assert sum(sizes.values()) <= LIMIT, table(sizes)
    unexpected = sizes.keys() - expected.keys() - {*words_files(FOLDER)}
    assert not unexpected, f"benchmarks/web/first_view.py does not find:\n{table({p: sizes[p] for p in unexpected})}"


async def until_rows_and_keys(page: MailPage) -> set[str]:
    loaded = set[str]()
    page.page.on("request", lambda request: loaded.add(urlsplit(request.url).path))
    await page.open("/mail")
    await expect(page.page.locator("[role=row][data-thread]").nth(49)).to_be_attached()
    await page.page.keyboard.press("j")
    await expect(page.page.locator("[role=row].current")).to_be_attached()
    return loaded
