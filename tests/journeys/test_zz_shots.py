import os
import pytest
from playwright.async_api import Browser, expect
from mail_page import NARROW, WIDE, mail_page
from newcomer import newcomer
from trial import Trial

PEOPLE = [{"name": f"Person {n} of the long list", "email": f"person-{n}@example.com"} for n in range(40)]
NEWS = ("<html><head><style>.t{font:14px Arial;color:#333} a{color:#0a58ca}</style></head><body style='margin:0;background:#f0f0f0'><table width=640 align=center cellpadding=0 cellspacing=0 bgcolor=#ffffff><tr><td>"
 "<img src=https://p.example/1.png alt='Winter sale' width=640 height=180></td></tr><tr><td style='padding:20px' class=t><h1>Everything must go</h1><p>Ends today, with considerable reductions. <a href=https://a.example>Have a look</a></p>"
 "<table width=600><tr><td width=200><img src=https://p.example/2.png width=180 height=120></td><td width=200><img src=https://p.example/3.png alt='Chairs' width=180 height=120></td><td width=200 class=t>Lamps and tables of solid oak</td></tr></table>"
 "<img src=https://p.example/x.gif width=24 height=24 alt=Facebook> <img src=https://p.example/t.gif width=1 height=1></td></tr></table>")
DARK = "<meta name=color-scheme content='light dark'><style>body{background:#fff;color:#111}@media (prefers-color-scheme:dark){body{background:#202030;color:#eee} a{color:#9cf}}</style><h2>Knows the dark</h2><p>Text <a href=https://a.example>link</a></p>"
PLAIN = "Hello Jonas,\n\n> When does pallet 3 arrive?\n>> And who unloads?\n> I have no idea.\n\nThursday, at bay 7. See https://example.org/plan for all.\n\nMara\n\nOn Monday Jonas wrote:\n> Fine.\n"

@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", ["phone", "wide"])
async def test_shots(up: Trial, browser: Browser, size, theme):
    name = f"s{size}{theme}"
    view = {"viewport": NARROW, "has_touch": True, "is_mobile": True} if size == "phone" else {"viewport": WIDE}
    async with newcomer(up.environment, name) as owner, mail_page(up, browser, name, color_scheme=theme, **view) as alice:
        person = await owner.mail()
        inbox, *_ = await person.query("Mailbox", filter={"role": "inbox"})
        for subject, html, plain in (("Forty", "<p>Hello all", None), ("Newsletter", NEWS, None), ("Dark", DARK, None), ("Plain", None, PLAIN)):
            body = {"htmlBody": [{"partId": "1", "type": "text/html"}]} if html else {"textBody": [{"partId": "1", "type": "text/plain"}]}
            await person.create("Email", mailboxIds={inbox: True}, subject=subject, to=[{"email": owner.email}, *(PEOPLE if subject == "Forty" else [])],
              bodyValues={"1": {"value": html or plain}}, **body, **{"from": [{"name": "Mara Lindqvist", "email": "mara@association.example"}]})
        await alice.sign_in()
        for subject in ("Forty", "Newsletter", "Dark", "Plain"):
            await alice.row(subject).first.click()
            await expect(alice.page.get_by_role("article")).to_be_visible()
            await alice.page.wait_for_timeout(1500)
            await alice.page.screenshot(path=f"/tmp/shots34/{size}-{theme}-{subject}.png")
            if size == "phone":
                if subject == "Newsletter":
                    await alice.button("Original size").tap()
                    await alice.page.wait_for_timeout(500)
                    await alice.page.screenshot(path=f"/tmp/shots34/{size}-{theme}-{subject}-original.png")
                await alice.button("Back to the list").tap()
                await alice.page.wait_for_timeout(300)
