"""Passkeys and security keys: Chromium's virtual authenticator on the real Kratos 1.3.1. No script of Kratos runs."""

from playwright.async_api import expect

from account_person import START, AccountPerson


async def methods(person: AccountPerson) -> list[str]:
    return [each["method"] for each in (await person.whoami())["authentication_methods"]]


async def test_sign_up_and_in_with_a_passkey_until_the_account_is_deleted(person: AccountPerson) -> None:
    session, authenticator = await person.authenticator()
    await person.open("/sign-up")
    await person.press("Sign up with a passkey", address=person.email)
    await person.is_at(START)
    found = await session.send("WebAuthn.getCredentials", {"authenticatorId": authenticator})
    assert [each["userName"] for each in found["credentials"]] == [person.email], "it carries the address"
    await person.sign_out()
    await person.press("Use a passkey")
    await person.is_at(START)
    assert await methods(person) == ["passkey"]
    identity, kratos = (await person.whoami())["identity"]["id"], person.site.kratos
    (await kratos.http.delete(f"{kratos.admin_url}/admin/identities/{identity}")).raise_for_status()
    await person.open("/sign-in")
    await person.press("Use a passkey")
    await person.sees("There is no passkey or security key for this account.")


async def test_sign_up_and_in_with_a_security_key(person: AccountPerson) -> None:
    await person.authenticator(resident=False)
    await person.open("/sign-up")
    await person.press("Sign up with a security key", address=person.email, name_of_the_key="Blue key")
    await person.is_at(START)
    await person.sign_out()
    await person.press("Use a security key", address=person.email)
    await person.sees("Have your key ready, then continue.")
    await person.press("Continue")
    await person.is_at(START)
    assert await methods(person) == ["webauthn"]


async def test_a_browser_without_passkeys_says_so(person: AccountPerson) -> None:
    await person.page.add_init_script("delete window.PublicKeyCredential")
    await person.open("/sign-in")
    title = "This browser does not support passkeys or security keys."
    await expect(person.button("Use a passkey")).to_have_attribute("title", title)


async def test_keys_are_added_and_removed_in_the_settings(person: AccountPerson) -> None:
    await person.sign_up()
    await person.authenticator()
    await person.open("/settings")
    await person.press("Add a passkey")
    await person.sees("Saved.")
    remove = person.page.get_by_role("button", name="Remove")
    await expect(remove).to_have_count(1)
    await person.sign_out()
    await person.press("Use a passkey")
    await person.is_at(START)
    await person.open("/settings")
    await remove.click()
    await expect(remove).to_have_count(0)
    await person.press("Add a security key", name_of_the_key="Blue key")
    await person.press("Remove Blue key")
    await expect(person.button("Remove Blue key")).to_have_count(0)
