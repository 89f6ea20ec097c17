"""Wrong passwords and codes are counted by what Kratos really answers, on the stand-in and on the real one."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import httpx2
import pytest

from kratos_browser import Browser, another, browser_at, code_for, new_address, totp, totp_secret
from kratos_methods import every_method
from kratos_on_our_origin import kratos_on_our_origin
from kratos_servers import PASSWORD, SERVERS, Kratos, ours_at_kratos, real_kratos
from postroom.kratos.public_api import PATH


@pytest.fixture(scope="module")
async def kratos(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Kratos]:
    async with kratos_on_our_origin(SERVERS[request.param], tmp_path_factory.mktemp("kratos")) as running:
        yield running


def at(kratos: Kratos, client: str) -> AbstractAsyncContextManager[Browser]:
    return browser_at(kratos, Origin=kratos.public_url.removesuffix(PATH), **{"X-Forwarded-For": client})


def is_refused(answer: httpx2.Response) -> bool:
    if answer.status_code != 429:
        return False
    assert (answer.json()["code"], 0 < int(answer.headers["retry-after"]) <= 600) == ("too_many_guesses", True)
    return True


@ours_at_kratos
async def test_ten_wrong_passwords_of_a_client_are_enough_and_other_clients_still_enter(kratos: Kratos) -> None:
    email = new_address()
    async with at(kratos, "192.0.2.1") as browser:
        await browser.sign_up(email)
    async with at(kratos, "192.0.2.2") as guesser:
        for number in range(10):
            flow = await guesser.flow("login")
            submit = guesser.post if number % 2 else guesser.send  # a page without and with a script
            assert not is_refused(await submit(flow, "password", identifier=email.upper(), password=f"wrong {number}"))
        assert is_refused(await guesser.log_in(email))
        assert (await guesser.log_in(new_address())).status_code == 400, "of another person it may still guess"
    async with at(kratos, "192.0.2.3") as browser:
        for _ in range(12):
            flow = await browser.flow("login", refresh="true")
            answer = await browser.post(flow, "password", identifier=email, password=PASSWORD)
            assert (answer.status_code, "flow=" in answer.headers["location"]) == (303, False)
    async with at(kratos, "192.0.2.3") as browser:
        assert (await browser.log_in(email, "mistyped")).status_code == 400
        assert is_refused(await browser.log_in(email)), "while others guess, a mistake costs a minute"


@ours_at_kratos
async def test_wrong_codes_of_a_second_factor_count_for_the_address_of_the_session(kratos: Kratos) -> None:
    email = new_address()
    async with at(kratos, "192.0.2.11") as browser:
        await browser.sign_up(email)
        flow = await browser.flow("settings")
        secret = totp_secret(flow)
        (await browser.send(flow, "totp", totp_code=totp(secret))).raise_for_status()
    wrong = another(totp(secret))
    for number in range(12):  # each client begins with the right password
        async with at(kratos, f"192.0.2.{20 + number}") as guesser:
            assert (await guesser.log_in(email)).status_code == 422
            for turn in range(2):
                flow = await guesser.flow("login", aal="aal2")
                submit = guesser.post if turn else guesser.send
                answer = await submit(flow, "totp", totp_code=wrong)
                assert is_refused(answer) == (number > 4 and turn == 1)
    async with at(kratos, "192.0.2.11") as browser:
        await browser.log_in(email)
        for _ in range(3):
            flow = await browser.flow("login", aal="aal2", refresh="true")
            assert (await browser.send(flow, "totp", totp_code=totp(secret))).status_code == 200


@ours_at_kratos
async def test_wrong_codes_of_a_recovery_count(kratos: Kratos) -> None:
    email = new_address()
    async with at(kratos, "192.0.2.31") as browser:
        await browser.sign_up(email)
    async with at(kratos, "192.0.2.32") as guesser:
        for turn in range(4):
            flow = (await guesser.send(await guesser.flow("recovery"), "code", email=email)).json()
            code = await code_for(kratos, email)
            if turn == 3:
                assert is_refused(await guesser.send(flow, "code", code=code))
                continue
            for number in range(4 if turn < 2 else 2):
                submit = guesser.post if number % 2 else guesser.send
                assert not is_refused(await submit(flow, "code", code=another(code)))
    async with at(kratos, "192.0.2.33") as browser:
        flow = (await browser.send(await browser.flow("recovery"), "code", email=email)).json()
        assert (await browser.send(flow, "code", code=await code_for(kratos, email))).status_code == 422


async def test_wrong_and_used_backup_codes_count(tmp_path: Path) -> None:
    more = every_method("http://localhost:1")
    async with kratos_on_our_origin(real_kratos, tmp_path, more=more) as kratos:
        email = new_address()
        async with at(kratos, "192.0.2.41") as browser:
            flow = (await browser.send(await browser.flow("registration"), "profile", traits={"email": email})).json()
            (await browser.send(flow, "password", password=PASSWORD, traits={"email": email})).raise_for_status()
            flow = await browser.flow("settings")
            flow = (await browser.send(flow, "lookup_secret", lookup_secret_regenerate=True)).json()
            [shown] = [n for n in flow["ui"]["nodes"] if n["attributes"].get("id") == "lookup_secret_codes"]
            code = shown["attributes"]["text"]["context"]["secrets"][0]["context"]["secret"]
            await browser.send(flow, "lookup_secret", lookup_secret_confirm=True)
        async with at(kratos, "192.0.2.42") as guesser:
            await guesser.log_in(email)
            flow = await guesser.flow("login", aal="aal2")
            assert (await guesser.send(flow, "lookup_secret", lookup_secret=code)).status_code == 200
            for number in range(11):
                flow = await guesser.flow("login", aal="aal2", refresh="true")
                answer = await guesser.send(flow, "lookup_secret", lookup_secret="wrong" if number % 2 else code)
                assert is_refused(answer) == (number == 10)
