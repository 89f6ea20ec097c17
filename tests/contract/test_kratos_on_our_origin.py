"""Kratos' flows through Postroom, on our own origin, on the stand-in and on the real one."""

from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest

from kratos_browser import Browser, browser_at, code_for, mailed, new_address, said, value_of
from kratos_on_our_origin import kratos_on_our_origin
from kratos_servers import PASSWORD, SERVERS, Kratos, ours_at_kratos
from postroom.kratos.public_api import PATH
from postroom_sandbox.loopback import LOOPBACK

PERSON = "1.2.3.4"
"""The address that our proxy states."""
NAVIGATION = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
CLEAR = '"cache", "storage"'


pytestmark = ours_at_kratos


@pytest.fixture(scope="module")
async def kratos(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Kratos]:
    async with kratos_on_our_origin(SERVERS[request.param], tmp_path_factory.mktemp("kratos")) as running:
        yield running


@pytest.fixture
def ours(kratos: Kratos) -> str:
    return kratos.public_url.removesuffix(PATH)


@pytest.fixture
async def browser(kratos: Kratos, ours: str) -> AsyncIterator[Browser]:
    async with browser_at(kratos, Origin=ours, **{"X-Forwarded-For": PERSON}) as browser:
        yield browser


async def test_person_signs_up_and_in_and_out_and_changes_the_password_on_our_origin(
    kratos: Kratos, browser: Browser, ours: str
) -> None:
    email = new_address()
    flow = await browser.flow("registration")
    assert flow["ui"]["action"].startswith(f"{ours}{PATH}/self-service/registration?flow=")
    signed_up = await browser.send(flow, "password", password=PASSWORD, traits={"email": email})
    identity = signed_up.raise_for_status().json()["identity"]
    session = (await browser.whoami()).raise_for_status().json()
    assert session["identity"]["id"] == identity["id"]
    assert session["devices"][0]["ip_address"] == PERSON
    for cookie in browser.http.cookies.jar:  # of this host alone, and of all its paths: Postroom reads it, too
        assert (cookie.domain, cookie.domain_specified, cookie.path) == (LOOPBACK, False, "/")

    changed = await browser.send(await browser.flow("settings"), "password", password="another long phrase")
    assert (changed.status_code, changed.json()["state"]) == (200, "success")
    logout = (await browser.start("logout")).raise_for_status().json()
    assert logout["logout_url"].startswith(f"{ours}{PATH}/self-service/logout?token=")
    ended = await browser.http.get(logout["logout_url"])
    assert (ended.status_code, ended.headers["clear-site-data"]) == (204, CLEAR)
    assert (await browser.whoami()).status_code == 401

    assert (await browser.log_in(email)).status_code == 400
    assert (await browser.log_in(email, "another long phrase")).status_code == 200
    assert (await browser.whoami()).json()["identity"]["id"] == identity["id"]


async def test_browser_without_a_script_is_led_to_our_pages(kratos: Kratos, browser: Browser, ours: str) -> None:
    for kind, page in {"registration": "sign-up", "login": "sign-in", "recovery": "recovery"}.items():
        started = await browser.http.get(f"{kratos.public_url}/self-service/{kind}/browser", headers=NAVIGATION)
        there = started.headers["location"]
        assert (started.status_code, there.partition("?")[0]) == (303, f"{ours}/{page}")
        flow = await browser.flow_of(kind, parse_qs(urlsplit(there).query)["flow"][0])
        assert flow.raise_for_status().json()["type"] == "browser"
    email = new_address()
    await browser.sign_up(email)
    logout_url = (await browser.start("logout")).json()["logout_url"]
    ended = await browser.http.get(logout_url, headers=NAVIGATION)
    assert (ended.status_code in (302, 303), ended.headers["location"]) == (True, f"{ours}/sign-in")
    assert ended.headers["clear-site-data"] == CLEAR


async def test_link_in_a_mail_of_kratos_leads_through_our_origin(kratos: Kratos, browser: Browser, ours: str) -> None:
    email = new_address()
    await browser.sign_up(email)
    (mail,) = await mailed(kratos, email)
    link = next(word for word in mail["body"].split() if word.startswith("http"))
    assert link.startswith(f"{ours}{PATH}/self-service/verification?")
    opened = await browser.http.get(link, headers={**NAVIGATION, "Sec-Fetch-Site": "none"})
    there = urlsplit(opened.headers["location"])
    assert (opened.status_code, f"{there.scheme}://{there.netloc}{there.path}") == (303, f"{ours}/verification")
    flow = (await browser.flow_of("verification", parse_qs(there.query)["flow"][0])).json()
    verified = await browser.send(flow, "code", code=value_of(flow, "code") or await code_for(kratos, email))
    assert said(verified.json()) == [1080002]


async def test_error_page_reads_the_error_behind_its_number(kratos: Kratos, browser: Browser) -> None:
    for name, status, reason in (("stub:500", 200, "This is a stub error."), (str(uuid4()), 404, None)):
        answer = await browser.http.get(f"{kratos.public_url}/self-service/errors", params={"id": name})
        assert (answer.status_code, answer.json()["error"].get("reason")) == (status, reason)
