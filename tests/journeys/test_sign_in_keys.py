"""Passkeys and security keys: Chromium's virtual authenticator on the real Kratos 1.3.1. No script of Kratos runs."""

import pytest
from playwright.async_api import Browser, expect

from account_pages import Site, account_site
from account_person import START, AccountPerson, person_at
from kratos_servers import PASSWORD


async def methods(person: AccountPerson) -> list[str]:
    return [each["method"] for each in (await person.whoami())["authentication_methods"]]


async def test_sign_up_and_in_with_a_passkey(person: AccountPerson) -> None:
    session, authenticator = await person.authenticator()
    await person.open("/sign-up")
    await person.fill(address=person.email)
    await person.press("Sign up with a passkey")
    await person.is_at(START)
    found = await session.send("WebAuthn.getCredentials", {"authenticatorId": authenticator})
    assert [each["userName"] for each in found["credentials"]] == [person.email], "it carries the address"
    await person.sign_out()
    await person.open("/sign-in")
    await person.press("Use a passkey")
    await person.is_at(START)
    assert await methods(person) == ["passkey"]


async def test_sign_up_and_in_with_a_security_key(person: AccountPerson) -> None:
    await person.authenticator(resident=False)
    await person.open("/sign-up")
    await person.fill(address=person.email, name_of_the_key="Blue key")
    await person.press("Sign up with a security key")
    await person.is_at(START)
    await person.sign_out()
    await person.open("/sign-in")
    await person.fill(address=person.email)
    await person.press("Use a security key")
    await person.sees("Have your key ready, then continue.")
    await person.press("Continue")
    await person.is_at(START)
    assert await methods(person) == ["webauthn"]


async def test_an_address_without_a_key_gets_a_message(person: AccountPerson) -> None:
    await person.site.kratos.register(person.email)
    await person.open("/sign-in")
    await person.fill(address=person.email)
    await person.press("Use a security key")
    await person.sees("There is no passkey or security key for this account.")


async def test_a_person_who_confirms_nothing_on_the_device_may_try_again(person: AccountPerson) -> None:
    session, authenticator = await person.authenticator()
    await session.send("WebAuthn.setUserVerified", {"authenticatorId": authenticator, "isUserVerified": False})
    await person.open("/sign-in")
    await person.press("Use a passkey")
    await person.sees("Nothing was confirmed on your device.")
    await expect(person.button("Use a passkey")).not_to_have_attribute("aria-busy", "true")


async def test_a_passkey_of_a_deleted_account_is_refused_in_calm_words(person: AccountPerson) -> None:
    await person.authenticator()
    await person.open("/sign-up")
    await person.fill(address=person.email)
    await person.press("Sign up with a passkey")
    await person.is_at(START)
    identity = (await person.whoami())["identity"]["id"]
    kratos = person.site.kratos
    (await kratos.http.delete(f"{kratos.admin_url}/admin/identities/{identity}")).raise_for_status()
    await person.open("/sign-in")
    await person.press("Use a passkey")
    await person.sees("There is no passkey or security key for this account.")


async def test_a_browser_without_passkeys_says_so(site: Site, browser: Browser) -> None:
    async with person_at(site, browser) as person:
        await person.page.add_init_script("delete window.PublicKeyCredential")
        await person.open("/sign-in")
        button = person.button("Use a passkey")
        await expect(button).to_have_attribute("aria-disabled", "true")
        await expect(button).to_have_attribute("title", "This browser does not support passkeys or security keys.")


async def test_keys_are_added_and_removed_in_the_settings(person: AccountPerson) -> None:
    await person.sign_up()
    await person.authenticator()
    await person.open("/settings")
    await person.press("Add a passkey")
    await person.sees("Saved.")
    await expect(person.page.get_by_role("button", name="Remove")).to_have_count(1)
    await person.sign_out()
    await person.open("/sign-in")
    await person.press("Use a passkey")
    await person.is_at(START)
    await person.open("/settings")
    await person.page.get_by_role("button", name="Remove").click()
    await person.sees("Saved.")
    await expect(person.page.get_by_role("button", name="Remove")).to_have_count(0)
    await person.fill(name_of_the_key="Blue key")
    await person.press("Add a security key")
    await expect(person.button("Remove Blue key")).to_be_visible()
    await person.press("Remove Blue key")
    await expect(person.button("Remove Blue key")).to_have_count(0)


async def test_a_security_key_is_the_second_factor(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("second")
    async with account_site(folder, keys="second") as site, person_at(site, browser) as person:
        await person.sign_up()
        await person.authenticator(resident=False)
        await person.open("/settings")
        await person.fill(name_of_the_key="Blue key")
        await person.press("Add a security key")
        await expect(person.button("Remove Blue key")).to_be_visible()
        await person.sign_out()
        await person.sign_in()
        await expect(person.page.get_by_role("heading", level=1)).to_have_text("Second factor")
        await person.press("Use a security key")
        await person.is_at(START)
        assert (await person.whoami())["authenticator_assurance_level"] == "aal2"
        assert PASSWORD not in "".join(person.requested)
