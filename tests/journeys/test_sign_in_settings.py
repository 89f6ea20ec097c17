"""Changing the account, other accounts (OpenID Connect), and signing out, on the real Kratos 1.3.1."""

from uuid import uuid4

from playwright.async_api import expect

from account_person import START, AccountPerson
from kratos_browser import new_address
from kratos_servers import PASSWORD
from oidc_provider import OidcProvider

# The account


async def test_name_address_and_password_are_changed(person: AccountPerson) -> None:
    await person.sign_up()
    await person.open("/settings")
    await person.press("Save", name="Ada Lovelace")
    await person.sees("Saved.")
    await expect(person.field("Name")).to_have_value("Ada Lovelace")
    person.email = new_address()
    await person.press("Save", address=person.email)
    await person.sees("Saved.")
    await person.press("Change password", new_password="short")
    await person.sees("Too short: at least 8 characters.")
    await person.press("Change password", new_password=f"{PASSWORD} anew")
    await person.sees("Saved.")
    await expect(person.field("New password")).to_have_value("")
    await person.sign_out()
    await person.sign_in(password=f"{PASSWORD} anew")
    await person.is_at(START)
    assert (await person.whoami())["identity"]["traits"] == {"email": person.email, "name": "Ada Lovelace"}


# Other accounts


def claims(person: AccountPerson) -> dict[str, str]:
    return {"sub": str(uuid4()), "email": person.email}


async def test_sign_up_and_in_with_another_account_unless_it_refuses(
    person: AccountPerson, provider: OidcProvider
) -> None:
    provider.person = None
    await person.open("/sign-up")
    await person.press("Continue with Nordlicht")
    await expect(person.page.get_by_role("alert")).to_be_visible()
    assert await person.whoami() is None
    provider.person = claims(person)
    await person.open("/sign-up")
    await person.press("Continue with Nordlicht")
    await person.is_at(START)
    assert (await person.whoami())["identity"]["traits"]["email"] == person.email
    await person.sign_out()
    await person.open("/sign-in?return_to=/settings")
    await person.press("Continue with Nordlicht")
    await person.is_at("/settings")
    methods = (await person.whoami())["authentication_methods"]
    assert [each["method"] for each in methods] == ["oidc"]


async def test_an_account_is_connected_and_disconnected(person: AccountPerson, provider: OidcProvider) -> None:
    await person.sign_up()
    provider.person = claims(person)
    await person.open("/settings")
    await person.press("Connect Nordlicht")
    await expect(person.button("Disconnect Nordlicht")).to_be_visible()
    await person.sign_out()
    await person.press("Continue with Nordlicht")
    await person.is_at(START)
    await person.open("/settings")
    await person.press("Disconnect Nordlicht")
    await expect(person.button("Connect Nordlicht")).to_be_visible()


async def test_an_address_that_has_an_account_is_connected_only_after_its_own_sign_in(
    person: AccountPerson, provider: OidcProvider
) -> None:
    await person.site.kratos.register(person.email)
    provider.person = claims(person)
    await person.open("/sign-up")
    await person.press("Continue with Nordlicht")
    await person.is_at("/sign-in")
    await person.sees("There is an account with this address already. Sign in as before, and Nordlicht is connected")
    assert await person.whoami() is None
    await person.press("Sign in", password=PASSWORD)
    await person.is_at(START)
    await person.open("/settings")
    await expect(person.button("Disconnect Nordlicht")).to_be_visible()


# Signing out

KEPT = """() => new Promise((done, failed) => {
    window.mark = 'in memory'
    const request = indexedDB.open('postroom-mail-of-somebody', 1)
    const kept = { draft: { text: 'Dear Bob', files: [] }, revision: 1, stored: null, sending: null, discardedAt: null }
    request.onupgradeneeded = () => request.result.createObjectStore('draft').put(kept, 'a')
    request.onsuccess = () => { request.result.close(); done() }
    request.onerror = failed
})"""
"""A message that was typed and not sent, as the mail page keeps it."""


async def test_another_person_finds_nothing_of_the_first_who_is_asked_about_what_was_not_sent(
    person: AccountPerson,
) -> None:
    await person.sign_up()
    await person.open("/settings")
    first, page = person.email, person.page
    await page.evaluate(KEPT)
    await person.press("Sign out")
    dialog = page.get_by_role("dialog", name="Sign out?")
    await expect(dialog).to_contain_text("One message or change waits on this device and was not sent.")
    await page.keyboard.press("Escape")
    await expect(dialog).not_to_be_visible()
    await expect(person.button("Sign out")).to_be_focused()
    assert await person.whoami() is not None
    await person.press("Sign out")
    await dialog.get_by_role("button", name="Sign out").click()
    await person.is_at("/sign-in")
    await expect(person.field("Address")).to_have_value("")
    kept = await page.evaluate("indexedDB.databases().then(found => found.length)")
    assert (kept, await page.evaluate("window.mark ?? null")) == (0, None)
    assert await person.whoami() is None
    person.email = new_address()
    await person.site.kratos.register(person.email)
    await person.sign_in()
    await person.is_at(START)
    await person.open("/settings")
    await expect(person.field("Address")).to_have_value(person.email)
    assert first not in await page.content()
    await page.go_back()
    assert first not in await page.content()
