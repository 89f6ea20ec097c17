"""Which requests to Kratos guess a password or code, for whom, and which answers say that it was wrong."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from guessing_parts import NOW, guessing
from postroom.api.guessing import Guessing, Submission
from postroom.errors import KratosAnswerUnusable, KratosUnavailable, TooManyGuesses
from postroom.http.problems import Problem
from postroom.kratos.public_api import KratosAnswer
from postroom.process.telemetry import REGISTRY

FLOW, OTHER_FLOW = "3a5293f1-f4d6-49f4-b34f-6da62c360604", "bcfb0b43-40b8-4307-811b-db93cab9dce7"
ADA = {"identifier": "ada@example.org", "password": "wrong"}
COOKIE = "ory_kratos_session"
LOGIN, RECOVERY = "/self-service/login", "/self-service/recovery"


def answer(
    status: int, body: object = None, *, location: str | None = None, set_cookie: str | None = None
) -> KratosAnswer:
    headers = {"location": location} if location else {}
    return KratosAnswer(status, headers, [set_cookie] if set_cookie else [], json.dumps(body).encode())


WRONG = answer(400, {"ui": {}})
RIGHT = answer(200, {"session": {}}, set_cookie=f"{COOKIE}=new; Path=/")


def form(
    values: Mapping[str, str],
    *,
    path: str = LOGIN,
    query: str = f"flow={FLOW}",
    client: str = "here",
    session: str = "",
    json_text: str | None = None,
) -> Submission:
    kind = "application/x-www-form-urlencoded" if json_text is None else "application/json; charset=utf-8"
    headers = {"content-type": kind} | ({"cookie": f"x=y; {COOKIE}={session}"} if session else {})
    content = urlencode(values) if json_text is None else json_text
    return Submission(client, path, query, headers, content.encode())


def always(found: KratosAnswer) -> Callable[[], Awaitable[KratosAnswer]]:
    async def exchange() -> KratosAnswer:
        return found

    return exchange


async def checked(of: Guessing, sent: Submission, times: int = 20, *, found: KratosAnswer = WRONG) -> int:
    """How many of so many guesses reach Kratos."""
    for number in range(times):
        try:
            await of.answer(sent, always(found))
        except TooManyGuesses:
            return number
    return times


@pytest.mark.parametrize(
    "sent",
    [
        form(ADA),
        form({"password_identifier": "ada@example.org", "password": "wrong"}),
        form({}, json_text=json.dumps(ADA)),
        form({}, json_text='{"IDENTIFIER":"ada@example.org","Password":"wrong"}'),  # for Go the names are the same
        form({}, json_text='{"password":"wrong","password":""}'),
        form({}, json_text='{"totp_code":123456}'),
        form({}, json_text='{"password":"\xff"}'),
        form({}, json_text='{"pa\u017f\u017fword":"wrong","password":""}'),  # Go folds its letters, too
        form({}, json_text='{"identifier":"\\ud800","password":"wrong"}'),
        form({"method": "code", "code": " "}, path=RECOVERY),
        form({"method": "totp", "totp_code": "123456"}),
        form({"method": "lookup_secret", "lookup_secret": "abcdefgh"}),
        form({"method": "code", "identifier": "ada@example.org", "code": "123456"}),
        form({"method": "code", "code": "123456"}, path=RECOVERY),
        form({"method": "code"}, path=RECOVERY, query=f"flow={FLOW}&code=123456"),  # Kratos takes it from there, too
    ],
)
async def test_client_may_submit_ten_wrong_passwords_or_codes(sent: Submission) -> None:
    assert await checked(guessing(COOKIE), sent) == 10


@pytest.mark.parametrize(
    "sent",
    [
        form({"method": "password", "identifier": "ada@example.org", "password": ""}),
        form({"method": "identifier_first", "identifier": "ada@example.org"}),
        form({"method": "code", "email": "ada@example.org"}, path=RECOVERY),
        form(ADA, path="/self-service/registration"),
        form({"totp_code": "123456"}, path="/self-service/settings"),
        form({}, json_text="[]"),
    ],
)
async def test_what_guesses_nothing_has_no_limit(sent: Submission) -> None:
    assert await checked(guessing(COOKIE), sent) == 20


@pytest.mark.parametrize(
    ("found", "counts"),
    [
        (WRONG, True),
        (answer(200, {"ui": {}}), True),  # of a recovery
        (answer(303, location=f"https://mail.example.org/sign-in?flow={FLOW}"), True),  # a page without a script
        (answer(302, location=f"/recovery?x=y&flow={FLOW}"), True),
        (RIGHT, False),
        (answer(303, location="https://mail.example.org/", set_cookie=f"{COOKIE}=new"), False),
        (answer(303, location=f"https://mail.example.org/settings?flow={OTHER_FLOW}"), False),  # a recovery is done
        (answer(422, {"error": {"id": "browser_location_change_required"}}), False),
        # Not checked: the form comes from elsewhere, is unknown or too old.
        (answer(303, location="https://mail.example.org/error?id=1"), False),
        (answer(303, location=f"https://mail.example.org/sign-in?flow={OTHER_FLOW}"), False),
        (answer(400, {"error": {"id": "session_already_available"}}), False),
        *((answer(status, {"error": {}}), False) for status in (403, 404, 410, 500)),
    ],
)
async def test_guess_counts_if_kratos_shows_the_same_form_again(found: KratosAnswer, counts: bool) -> None:
    assert await checked(guessing(COOKIE), form(ADA), found=found) == (10 if counts else 20)


async def test_guess_that_nobody_checked_does_not_count() -> None:
    async def away() -> KratosAnswer:
        raise KratosUnavailable("refused")

    of = guessing(COOKIE)
    for _ in range(20):
        with pytest.raises(KratosUnavailable):
            await of.answer(form(ADA), away)
    assert await checked(of, form(ADA)) == 10


async def test_guess_counts_if_kratos_answered_and_nobody_can_use_it() -> None:
    async def too_long() -> KratosAnswer:
        raise KratosAnswerUnusable("more than a megabyte")  # it repeats a long address of a wrong guess

    of = guessing(COOKIE)
    for _ in range(10):
        with pytest.raises(KratosUnavailable):
            await of.answer(form(ADA), too_long)
    assert await checked(of, form(ADA)) == 0


async def test_spellings_that_kratos_takes_for_the_same_address_count_together() -> None:
    of = guessing(COOKIE)
    spellings = ("iris@example.org", " IRIS@example.org\x0b\x0b", "İris@example.org", "iris@example.orG")
    for number in range(12):
        sent = form({"identifier": spellings[number % 4], "password": "wrong"})
        assert await checked(of, sent, 1) == (1 if number < 10 else 0)


async def test_of_many_guesses_at_the_same_time_ten_reach_kratos() -> None:
    reached, go_on = [0], asyncio.Event()

    async def slow() -> KratosAnswer:
        reached[0] += 1
        await go_on.wait()
        return WRONG

    of = guessing(COOKIE)
    waiting = [asyncio.create_task(of.answer(form(ADA), slow)) for _ in range(30)]
    done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    go_on.set()
    found = await asyncio.gather(*waiting, return_exceptions=True)
    assert (reached[0], len(done) > 0) == (10, True)
    assert sum(isinstance(each, TooManyGuesses) for each in found) == 20


async def test_refused_guesses_prolong_no_wait() -> None:
    seconds = [0]
    of = guessing(COOKIE, lambda: NOW + timedelta(seconds=seconds[0]))
    assert await checked(of, form(ADA)) == 10
    seconds[0] = 599
    refused = REGISTRY.get_sample_value("postroom_guesses_refused_total") or 0
    for _ in range(20):
        assert await checked(of, form(ADA)) == 0
    assert REGISTRY.get_sample_value("postroom_guesses_refused_total") == refused + 20
    seconds[0] = 601
    assert await checked(of, form(ADA)) == 10


async def test_many_clients_slow_each_other_and_never_lock_an_address() -> None:
    of = guessing(COOKIE)
    for number in range(50):
        assert await checked(of, form(ADA, client=f"client {number}"), 1) == 1
    assert await checked(of, form(ADA, client="client 1")) == 0, "a client waits after a guess of its own"
    assert await checked(of, form(ADA, client="ada"), found=RIGHT) == 20


async def test_second_factor_and_recovery_count_for_the_address_behind_them() -> None:
    of = guessing(COOKIE)
    due = answer(422, {"redirect_browser_to": "https://x/login?aal=aal2"}, set_cookie=f"{COOKIE}=YWFsMQ==; Path=/")
    await of.answer(form(ADA, client="1"), always(due))
    for begun in ({"email": "ADA@example.org", "identifier": "ben@example.org"}, {"email": "ben@example.org"}):
        await of.answer(form(begun, path=RECOVERY, client="2"), always(answer(200, {"ui": {}})))
    for number in range(10):
        assert await checked(of, form(ADA, client=f"client {number}", query=""), 1) == 1
    # Whatever else the form says.
    totp = {"totp_code": "123456", "identifier": "ben@example.org"}
    code = {"code": "123456", "email": "ben@example.org"}
    flow = FLOW.upper().replace("-", "")  # the same for Kratos
    # A cookie that Go reads as the same: the last bits of Base64 mean nothing.
    for number, same in enumerate((f'other; {COOKIE}="YWFsMQ=="', f"other; {COOKIE} =YWFsMR==")):
        sent = form(totp, client="1", session=same, query=f"flow={OTHER_FLOW}")
        assert await checked(of, sent) == (1 if number == 0 else 0)
    assert await checked(of, form(code, client="2", path=RECOVERY, query=f"flow={flow}")) == 1
    assert await checked(of, form({"totp_code": "123456"}, client="3", session="other", query="")) == 10


async def test_no_chain_of_flows_or_sessions_makes_a_guess_count_for_many_addresses() -> None:
    of = guessing(COOKIE)
    for number in range(20):
        due = answer(422, {"redirect_browser_to": "/login?aal=aal2"}, set_cookie=f"{COOKIE}={number}0")
        sent = form({"identifier": f"{number}@example.org", "password": "x"}, session=f"{number - 1}0", query="")
        await of.answer(sent, always(due))
    assert await checked(of, form({"totp_code": "1"}, session="190", query="")) == 10
    assert await checked(of, form({"identifier": "18@example.org", "password": "x"}, query="")) == 10
    begun = [form({"email": f"{number}@example.org"}, path=RECOVERY) for number in range(11)]
    for each in begun[:10]:
        await of.answer(each, always(answer(200, {"ui": {}})))
    with pytest.raises(Problem, match="too many addresses"):
        await of.answer(begun[10], always(answer(200, {"ui": {}})))


@pytest.mark.parametrize(
    "sent",
    [
        form(ADA, query=f"flow={FLOW}&identifier=ben@example.org"),
        form({}, json_text='{"identifier":"ada@example.org","password":"x","Identifier":"ben@example.org"}'),
        form(ADA, query=f"flow={FLOW}&flow={OTHER_FLOW}"),
        form({}, json_text='{"password":"x"'),
        form({}, json_text="[" * 100_000),
        form({f"field {number}": "x" for number in range(300)}),
        form(ADA, session="; ".join(["1", *(f"{COOKIE}={number}" for number in range(2, 5))])),
    ],
)
async def test_form_that_could_be_read_in_two_ways_is_refused(sent: Submission) -> None:
    with pytest.raises(Problem) as refused:
        await guessing(COOKIE).answer(sent, always(RIGHT))
    assert refused.value.code == "unreadable_body"
