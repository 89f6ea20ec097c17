import json, random
from pathlib import Path
from playwright.async_api import Browser, expect
from mail_page import NARROW, mail_page
from trial import Trial
SETTINGS = {"POSTROOM_PACE": "0"}
SEED = Path("/tmp/triage_seed.js").read_text()
NAMES = ["Mara Lindqvist","Sprachschule Nordlicht","Tomasz Wisniewski-Okonkwo","Stadtwerke Birkenau","Noor van der Meulen-Achterberg","Harbour Ledger","Deniz Kaya","Rookery CI","Dr. Friederike von Hohenstein-Albrecht","Bahnkontor"]
def rows(n):
    r=random.Random(1)
    return [[NAMES[i%10], f"{['Pallet of the December order','Ihre Kursbestätigung: Schwedisch B1','Re: keys for the rehearsal room','Freight, pulp and energy: the week in charts'][i%4]} {i:02}", "I have both sets and will leave one with Frau Demir at the bakery, so please come by.", [k for k,p in (("$seen",.6),("$flagged",.2),("waiting",.2)) if r.random()<p], i*97] for i in range(n)]

async def shot(page, name):
    await page.wait_for_timeout(500)
    await page.screenshot(path=f"/tmp/shot_{name}.png")

async def test_wide(up: Trial, browser: Browser) -> None:
    async with mail_page(up, browser, "wide.alice") as alice:
        p = alice.page
        p.on("console", lambda m: print("CONSOLE", m.text))
        await alice.sign_up_and_wait()
        r = await p.evaluate(SEED, rows(40))
        print(json.dumps(r)[:300])
        await p.reload()
        await expect(alice.row("Pallet of the December order 00")).to_be_visible()
        await shot(p, "inbox")
        await p.keyboard.press("j"); await p.keyboard.press("j"); await p.keyboard.press("Enter")
        await shot(p, "open")
        await alice.row("keys for the rehearsal room 02").hover()
        await shot(p, "hover")
        await p.keyboard.press("x"); await p.keyboard.press("Shift+J"); await p.keyboard.press("Shift+J")
        await shot(p, "selected")
        await p.keyboard.press("v")
        await shot(p, "pick")
        await p.keyboard.type("Arc")
        await shot(p, "pick2")
        await p.keyboard.press("Enter")
        await shot(p, "moved")
        await p.keyboard.press("?")
        await shot(p, "keys")
        await p.keyboard.press("Escape")
        await p.keyboard.press("Escape"); await p.wait_for_timeout(300); await p.get_by_role("button", name="Sort and view").click()
        await shot(p, "view")
        await p.get_by_label("Compact").check()
        await p.get_by_label("Reading pane").uncheck()
        await p.keyboard.press("Escape")
        await p.keyboard.press("u")
        await shot(p, "compact")
        await p.keyboard.press("*"); await p.keyboard.press("a")
        await shot(p, "compact_selected")
        await p.keyboard.press(".")
        await shot(p, "more")
        await p.keyboard.press("Escape"); await p.keyboard.press("Escape")
        await p.get_by_role("button", name="Filter").click()
        await p.get_by_role("button", name="Unread", exact=True).click()
        await shot(p, "filter")

async def test_narrow(up: Trial, browser: Browser) -> None:
    async with mail_page(up, browser, "narrow.alice", viewport=NARROW, has_touch=True, is_mobile=True, device_scale_factor=2) as alice:
        p = alice.page
        await alice.sign_up_and_wait()
        await p.evaluate(SEED, rows(40))
        await p.reload()
        await expect(alice.row("Pallet of the December order 00")).to_be_visible()
        await shot(p, "phone")
        cdp = await p.context.new_cdp_session(p)
        async def touch(kind, x, y): await cdp.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [] if kind == "touchEnd" else [{"x": x, "y": y}]})
        box = await alice.row("keys for the rehearsal room 02").bounding_box()
        y = box["y"] + 40
        await touch("touchStart", 60, y)
        for x in range(70, 200, 20): await touch("touchMove", x, y)
        await shot(p, "phone_swipe")
        await touch("touchEnd", 0, 0)
        await shot(p, "phone_swiped")
        y = (await alice.row("Freight, pulp and energy: the week in charts 03").bounding_box())["y"] + 40
        await touch("touchStart", 300, y)
        for x in range(290, 190, -20): await touch("touchMove", x, y)
        await shot(p, "phone_swipe2")
        await touch("touchEnd", 0, 0)
        await touch("touchStart", 300, y + 100)
        await p.wait_for_timeout(700)
        await touch("touchEnd", 0, 0)
        await shot(p, "phone_selected")
        await p.get_by_role("button", name="Move").first.tap()
        await shot(p, "phone_pick")
        await p.keyboard.press("Escape")
        await alice.row("Pallet of the December order 00").tap()
        await shot(p, "phone_selected2")
        await p.get_by_role("button", name="End the selection").tap()
        await alice.row("Pallet of the December order 00").tap()
        await shot(p, "phone_open")
