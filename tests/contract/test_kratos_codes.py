"""Codes that Kratos sends by mail, in the forms of a browser, on the stand-in and on the real one."""

from urllib.parse import parse_qs, urlsplit

import pytest

from kratos_browser import (
    Browser,
    another,
    browser_at,
    code_for,
    mailed,
    new_address,
    nodes,
    problems,
    said,
    value_of,
)
from kratos_servers import PASSWORD, Kratos, kratos_itself
from postroom_sandbox.loopback import LOOPBACK

POSTROOM = f"http://{LOOPBACK}:9"

pytestmark = kratos_itself


@pytest.fixture
async def ada(kratos: Kratos) -> str:
    """The address of a person who signed up in another browser."""
    email = new_address()
    await kratos.register(email)
    return email


# Logging in


async def test_emailed_code_logs_in(kratos: Kratos, browser: Browser, ada: str) -> None:
    flow = await browser.flow("login", return_to=POSTROOM)
    assert nodes(flow) == [
        "default csrf_token hidden",
        "default identifier text 1070002",
        "code method submit 1010015",
        "password password password 1070001",
        "password method submit 1010022",
    ]
    sent = await browser.send(flow, "code", identifier=ada)
    flow = sent.json()
    assert (sent.status_code, flow["state"], flow["active"], said(flow)) == (400, "sent_email", "code", [1010014])
    assert nodes(flow) == [
        "default identifier hidden",
        "code method hidden",
        "code code text 1070013",
        "code method submit 1070009",
        "code resend submit 1070008",
        "default csrf_token hidden",
    ]
    assert value_of(flow, "identifier") == ada
    answer = await browser.send(flow, "code", identifier=ada, code=await code_for(kratos, ada))
    assert answer.status_code == 200
    assert answer.json()["continue_with"] == [{"action": "redirect_browser_to", "redirect_browser_to": POSTROOM}]
    session = (await browser.whoami()).json()
    assert [each["method"] for each in session["authentication_methods"]] == ["code"]
    assert session["identity"]["verifiable_addresses"][0]["verified"] is True


async def test_kratos_message_states_its_purpose(kratos: Kratos, browser: Browser, ada: str) -> None:
    (verification,) = await mailed(kratos, ada)
    assert verification["template_type"] == "verification_code_valid"
    await browser.send(await browser.flow("login"), "code", identifier=ada)
    newest, _ = await mailed(kratos, ada)
    assert (newest["template_type"], newest["subject"]) == ("login_code_valid", "Login to your account")
    code = await code_for(kratos, ada)
    assert newest["body"] == f"Hi,\n\nplease login to your account by entering the following code:\n\n{code}\n"
    assert verification.keys() == newest.keys()


REFUSED_LOGIN = [
    "default csrf_token hidden",
    "default identifier hidden",
    "code code text 1070013",
    "code resend submit 1070008",
    "code method hidden",
    "code method submit 1070009",
]
"""The button that sends another code comes first: the Enter key presses it."""


async def test_a_wrong_code_and_none_are_distinguished_and_the_next_one_may_be_right(
    kratos: Kratos, browser: Browser, ada: str
) -> None:
    flow = (await browser.send(await browser.flow("login"), "code", identifier=ada)).json()
    wrong = await browser.send(flow, "code", identifier=ada, code=another(await code_for(kratos, ada)))
    assert (wrong.status_code, said(wrong.json()), nodes(wrong.json())) == (400, [4010008], REFUSED_LOGIN)
    empty = await browser.send(flow, "code", identifier=ada, code="")
    assert (empty.status_code, problems(empty.json())) == (400, {"code": [4000002]})
    assert nodes(empty.json()) == REFUSED_LOGIN
    right = await browser.send(flow, "code", identifier=ada, code=await code_for(kratos, ada))
    assert right.status_code == 200


async def test_resent_code_invalidates_the_previous_one(kratos: Kratos, browser: Browser, ada: str) -> None:
    flow = (await browser.send(await browser.flow("login"), "code", identifier=ada)).json()
    former = await code_for(kratos, ada)
    again = await browser.send(flow, "code", identifier=ada, resend="code")
    assert (again.status_code, said(again.json())) == (400, [1010014])
    if former != (newer := await code_for(kratos, ada)):
        assert said((await browser.send(flow, "code", identifier=ada, code=former)).json()) == [4010008]
    assert (await browser.send(flow, "code", identifier=ada, code=newer)).status_code == 200


async def test_right_login_code_is_rejected_after_five_wrong_ones(kratos: Kratos, browser: Browser, ada: str) -> None:
    flow = (await browser.send(await browser.flow("login"), "code", identifier=ada)).json()
    right = await code_for(kratos, ada)
    for _ in range(5):
        assert said((await browser.send(flow, "code", identifier=ada, code=another(right))).json()) == [4010008]
    refused = await browser.send(flow, "code", identifier=ada, code=right)
    assert (refused.status_code, said(refused.json())) == (400, [4000001])
    assert (await browser.whoami()).status_code == 401


async def test_login_with_an_unknown_address_sends_no_code_and_hides_the_field(
    kratos: Kratos, browser: Browser
) -> None:
    nobody = new_address()
    refused = await browser.send(await browser.flow("login"), "code", identifier=nobody)
    assert (refused.status_code, said(refused.json())) == (400, [4000035])
    assert nodes(refused.json())[:3] == [
        "default csrf_token hidden",
        "default identifier hidden",
        "code method submit 1010015",
    ]
    assert value_of(refused.json(), "identifier") == nobody
    assert await mailed(kratos, nobody) == []
    empty = await browser.send(await browser.flow("login"), "code", identifier="")
    assert (empty.status_code, problems(empty.json())) == (400, {"identifier": [4000002]})


async def test_renewed_login_by_code_is_possible(kratos: Kratos, browser: Browser) -> None:
    email = new_address()
    await browser.sign_up(email)
    before = (await browser.whoami()).json()
    flow = await browser.flow("login", refresh="true")
    assert (said(flow), nodes(flow)[-1]) == ([1010003], "password method submit 1010001")
    flow = (await browser.send(flow, "code", identifier=email)).json()
    answer = await browser.send(flow, "code", identifier=email, code=await code_for(kratos, email))
    after = (await browser.whoami()).json()
    assert (answer.status_code, after["id"]) == (200, before["id"])
    assert after["authenticated_at"] > before["authenticated_at"]
    assert [each["method"] for each in after["authentication_methods"]] == ["password", "code"]


# Signing up


async def test_registration_leads_to_the_verification_of_its_address(kratos: Kratos, browser: Browser) -> None:
    flow = await browser.flow("registration", return_to=POSTROOM)
    assert nodes(flow) == [
        "default traits.email email 1070002",
        "default traits.name text 1070002",
        "default csrf_token hidden",
        "code method submit 1040006",
        "password password password 1070001",
        "password method submit 1040001",
    ]
    email = new_address()
    made = (await browser.send(flow, "password", password=PASSWORD, traits={"email": email})).raise_for_status().json()
    assert made["identity"]["verifiable_addresses"][0]["status"] == "sent"
    home, verification = made["continue_with"]
    assert home == {"action": "redirect_browser_to", "redirect_browser_to": POSTROOM}
    assert (verification["action"], verification["flow"]["verifiable_address"]) == ("show_verification_ui", email)
    assert verification["flow"]["url"] == f"{kratos.public_url}/verification?flow={verification['flow']['id']}"
    flow = (await browser.flow_of("verification", verification["flow"]["id"])).json()
    assert (flow["state"], said(flow)) == ("sent_email", [1080003])
    wanted = ["code method hidden", "code code text 1070011", "code method submit 1070009", "default csrf_token hidden"]
    assert nodes(flow) == wanted
    verified = await browser.send(flow, "code", code=await code_for(kratos, email))
    assert (verified.status_code, said(verified.json())) == (200, [1080002])


async def test_emailed_code_registers_and_verifies_the_address(kratos: Kratos, browser: Browser) -> None:
    email = new_address()
    traits = {"email": email, "name": "Zoë"}
    bad = await browser.send(await browser.flow("registration"), "code", traits={"email": "x"})
    assert (bad.status_code, problems(bad.json())) == (400, {"traits.email": [4000001, 4000003]})
    sent = await browser.send(await browser.flow("registration"), "code", traits=traits)
    flow = sent.json()
    assert (sent.status_code, flow["state"], flow["active"], said(flow)) == (400, "sent_email", "code", [1040005])
    assert nodes(flow) == [
        "default traits.email hidden",
        "default traits.name hidden",
        "default csrf_token hidden",
        "code method hidden",
        "code code text 1070012",
        "code method submit 1070009",
        "code resend submit 1070008",
    ]
    assert (value_of(flow, "traits.email"), value_of(flow, "traits.name")) == (email, "Zoë")
    wrong = await browser.send(flow, "code", traits=traits, code=another(await code_for(kratos, email)))
    assert (wrong.status_code, said(wrong.json())) == (400, [4040003])
    assert nodes(wrong.json())[3:] == [
        "code code text 1070012",
        "code resend submit 1070008",
        "code method hidden",
        "code method submit 1070009",
    ]
    answer = await browser.send(flow, "code", traits=traits, code=await code_for(kratos, email))
    assert answer.status_code == 200
    assert [each["action"] for each in answer.json()["continue_with"]] == ["redirect_browser_to"]
    session = (await browser.whoami()).json()
    assert session["identity"]["verifiable_addresses"][0]["verified"] is True
    assert [each["method"] for each in session["authentication_methods"]] == ["code"]


async def test_an_address_that_is_taken_is_reported_with_an_empty_form(browser: Browser, ada: str) -> None:
    flow = await browser.flow("registration")
    taken = await browser.send(flow, "password", password=PASSWORD, traits={"email": ada})
    assert (taken.status_code, said(taken.json())) == (400, [4000007])
    assert value_of(taken.json(), "traits.email") is None


# Recovery


SENT_RECOVERY = [
    "default csrf_token hidden",
    "code code text 1070010",
    "code method hidden",
    "code method submit 1070009",
    "code email submit 1070008",
]
SENT_VERIFICATION = [
    "code method hidden",
    "code code text 1070011",
    "code method submit 1070009",
    "default csrf_token hidden",
    "code email submit 1070008",
]


async def test_recovery_code_logs_in_and_leads_to_the_settings(kratos: Kratos, browser: Browser, ada: str) -> None:
    flow = await browser.flow("recovery")
    assert (flow["state"], flow["active"]) == ("choose_method", "code")
    assert nodes(flow) == ["default csrf_token hidden", "code email email 1070007", "code method submit 1070009"]
    empty = await browser.send(flow, "code", email="")
    assert (empty.status_code, problems(empty.json())) == (400, {"email": [4000002]})
    sent = await browser.send(flow, "code", email=ada)
    assert (sent.status_code, sent.json()["state"], said(sent.json())) == (200, "sent_email", [1060003])
    assert (nodes(sent.json()), value_of(sent.json(), "email")) == (SENT_RECOVERY, ada)
    wrong = await browser.send(flow, "code", code=another(await code_for(kratos, ada)))
    assert (wrong.status_code, said(wrong.json()), nodes(wrong.json())) == (200, [4060006], SENT_RECOVERY)
    again = await browser.send(flow, "code", email=ada)
    assert (again.status_code, said(again.json())) == (200, [1060003])

    right = await browser.send(flow, "code", code=await code_for(kratos, ada))
    assert (right.status_code, right.json()["error"]["id"]) == (422, "browser_location_change_required")
    there = urlsplit(right.json()["redirect_browser_to"])
    assert there.path == "/settings"
    session = (await browser.whoami()).json()
    assert [each["method"] for each in session["authentication_methods"]] == ["code_recovery"]
    assert session["identity"]["verifiable_addresses"][0]["verified"] is True
    settings = (await browser.flow_of("settings", parse_qs(there.query)["flow"][0])).json()
    assert said(settings) == [1060001]
    changed = await browser.send(settings, "password", password="another long phrase")
    assert (changed.status_code, said(changed.json())) == (200, [1050001])
    async with browser_at(kratos) as elsewhere:
        assert (await elsewhere.log_in(ada)).status_code == 400
        assert (await elsewhere.log_in(ada, "another long phrase")).status_code == 200


@pytest.mark.parametrize(
    ("kind", "sent_nodes", "was_sent", "wrong_code"),
    [("recovery", SENT_RECOVERY, 1060003, 4060006), ("verification", SENT_VERIFICATION, 1080003, 4070006)],
)
async def test_form_does_not_reveal_who_has_an_account(
    kratos: Kratos, browser: Browser, kind: str, sent_nodes: list[str], was_sent: int, wrong_code: int
) -> None:
    nobody = new_address()
    sent = await browser.send(await browser.flow(kind), "code", email=nobody)
    assert (sent.status_code, said(sent.json()), nodes(sent.json())) == (200, [was_sent], sent_nodes)
    assert await mailed(kratos, nobody) == []
    tried = await browser.send(sent.json(), "code", code="123456")
    assert (tried.status_code, said(tried.json())) == (200, [wrong_code])


async def test_recovery_restarts_after_five_wrong_codes(kratos: Kratos, browser: Browser, ada: str) -> None:
    flow = (await browser.send(await browser.flow("recovery"), "code", email=ada)).json()
    right = await code_for(kratos, ada)
    for _ in range(5):
        await browser.send(flow, "code", code=another(right))
    fresh = (await browser.send(flow, "code", code=right)).json()
    assert (fresh["id"] != flow["id"], fresh["state"], said(fresh)) == (True, "choose_method", [4000001])


# Verification


async def test_emailed_code_verifies_the_address(kratos: Kratos, browser: Browser, ada: str) -> None:
    flow = await browser.flow("verification")
    assert nodes(flow) == ["code email email 1070007", "code method submit 1070009", "default csrf_token hidden"]
    empty = await browser.send(flow, "code", email="")
    assert (empty.status_code, problems(empty.json())) == (400, {"email": [4000002]})
    sent = await browser.send(flow, "code", email=ada)
    assert (sent.status_code, said(sent.json()), nodes(sent.json())) == (200, [1080003], SENT_VERIFICATION)
    wrong = await browser.send(flow, "code", code=another(await code_for(kratos, ada)))
    assert (wrong.status_code, said(wrong.json()), nodes(wrong.json())) == (200, [4070006], SENT_VERIFICATION)
    right = await browser.send(flow, "code", code=await code_for(kratos, ada))
    done = right.json()
    assert (right.status_code, done["state"], said(done)) == (200, "passed_challenge", [1080002])
    assert nodes(done) == ["default csrf_token hidden", "code continue a 1070009"]
    assert done["ui"]["method"] == "GET"
    await browser.log_in(ada)
    (address,) = (await browser.whoami()).json()["identity"]["verifiable_addresses"]
    assert (address["verified"], address["status"]) == (True, "completed")


async def test_link_in_the_verification_mail_fills_in_the_code_in_any_browser(
    kratos: Kratos, browser: Browser, ada: str
) -> None:
    await browser.send(await browser.flow("verification"), "code", email=ada)
    newest = (await mailed(kratos, ada))[0]["body"]
    link = newest[newest.index("http") :].strip()
    async with browser_at(kratos) as elsewhere:
        opened = await elsewhere.http.get(link, headers={"Accept": "text/html"})
        there = urlsplit(opened.headers["location"])
        assert (opened.status_code, there.path) == (303, "/verification")
        flow = (await elsewhere.flow_of("verification", parse_qs(there.query)["flow"][0])).json()
        assert value_of(flow, "code") == await code_for(kratos, ada)
        assert said((await elsewhere.send(flow, "code", code=value_of(flow, "code"))).json()) == [1080002]


# Every form


@pytest.mark.parametrize("kind", ["login", "registration", "recovery"])
async def test_flow_for_strangers_is_rejected_during_a_session(browser: Browser, kind: str) -> None:
    await browser.sign_up(new_address())
    refused = await browser.start(kind)
    assert (refused.status_code, refused.json()["error"]["id"]) == (400, "session_already_available")


@pytest.mark.parametrize("kind", ["login", "registration", "recovery", "verification"])
async def test_another_browser_can_neither_read_nor_submit_a_flow(kratos: Kratos, browser: Browser, kind: str) -> None:
    flow = await browser.flow(kind)
    assert (await browser.flow_of(kind, flow["id"])).json()["ui"]["nodes"] == flow["ui"]["nodes"]
    async with browser_at(kratos) as elsewhere:
        address = new_address()
        sent = await elsewhere.send(flow, "code", email=address, identifier=address, traits={"email": address})
        for refused in (await elsewhere.flow_of(kind, flow["id"]), sent):
            assert (refused.status_code, refused.json()["error"]["id"]) == (403, "security_csrf_violation")


async def test_page_without_javascript_is_led_on_by_redirects(kratos: Kratos, browser: Browser, ada: str) -> None:
    async def where(flow: object, method: str, **values: str) -> str:
        answer = await browser.post(flow, method, **values)
        assert answer.status_code in (302, 303)
        return answer.headers["location"].partition("?")[0]

    flow = await browser.flow("recovery")
    assert await where(flow, "code", email=ada) == f"{kratos.public_url}/recovery"
    assert await where(flow, "code", code=await code_for(kratos, ada)) == f"{kratos.public_url}/settings"
    async with browser_at(kratos) as browser:
        flow = await browser.flow("login", return_to=f"{POSTROOM}/mail")
        assert await where(flow, "password", identifier=ada, password="wrong") == f"{kratos.public_url}/login"
        assert await where(flow, "password", identifier=ada, password=PASSWORD) == f"{POSTROOM}/mail"
