"""axe-core on a page, under its policy: the text of the script is evaluated by the driver, not loaded by the page."""

from functools import cache
from pathlib import Path

from playwright.async_api import Page

SCRIPT = Path(__file__).parents[1] / "web/node_modules/axe-core/axe.min.js"

_RUN = """only => axe.run({resultTypes: ['violations'], ...(only.length ? {runOnly: only} : {})})
    .then(found => found.violations.flatMap(each => each.nodes.map(node =>
      `${each.id}: ${node.html.slice(0, 200)} ${node.failureSummary.slice(0, 300)}`)))"""


@cache
def _script() -> str:
    return SCRIPT.read_text()


async def violations(page: Page, *only: str) -> list[str]:
    """What axe finds, one line for each element. `only`: the names of rules; by default all of them."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(_script())
    return await page.evaluate(_RUN, list(only))
