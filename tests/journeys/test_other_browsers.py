"""The core of what a person does, in Firefox and in WebKitGTK. What is common to all browsers is tested in Chromium."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from incoming_mail import send
from other_browsers.browsers import BROWSERS, started
from other_browsers.driven import Lost
from other_browsers.page import OtherPage
from other_browsers.steps import STEPS, letter, letter_with_a_link
from relay import relay_to
from trial import Trial

STEP_SECONDS = 60
"""for a step, which takes a second or two"""


@pytest.fixture(scope="module", params=BROWSERS)
async def alice(
    request: pytest.FixtureRequest, up: Trial, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[OtherPage]:
    """Signed up, with a letter; one browser for all steps."""
    name: str = request.param
    folder = tmp_path_factory.mktemp(name) / "profile"
    async with relay_to(up.port) as network, started(name, folder, network.port) as browser:
        alice = OtherPage(browser, network, up.environment["POSTROOM_URL"], f"{name.lower()}.alice")
        await alice.sign_up()
        host, _, port = (await up.stalwart())["lmtp"].rpartition(":")
        for written in (letter_with_a_link, letter):
            await send((host, int(port)), alice.email, content=written(alice.email))
        yield alice


@pytest.mark.parametrize("step", STEPS)
async def test_a_person(alice: OtherPage, step: str) -> None:
    try:
        async with asyncio.timeout(STEP_SECONDS):
            await STEPS[step](alice)
            # Other errors are of requests that ended with their page.
            assert [each for each in await alice.browser.logged() if "Content-Security-Policy" in each] == []
    except Lost:
        raise
    except Exception as failure:  # whatever it is: it is raised again, with what the page showed
        failure.add_note(f"{alice.email} saw at {await alice.shown()}")
        raise
