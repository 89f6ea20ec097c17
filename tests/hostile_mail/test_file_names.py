"""A file of a mail is saved under the name that was shown, in Chromium and with the headers of a download."""

from urllib.parse import quote

from playwright.async_api import Browser, Page
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from postroom.gateway.download import headers_of
from served_app import served

SENT = [
    *("annexe\u202egpj.exe", "soft\u00adhyphen\u2060.pdf", "\U0001f469\u200d\U0001f467.txt", "tag\U000e0041.txt"),
    *(
        "~a.txt",
        ".bashrc",
        "README",
        "README. . ",
        "a\u0301\u00a0b\u2003c.txt",
        "line\u2028end\u0085.txt",
        "\ufdd0\ue000.txt",
    ),
    *(
        "../../up.txt",
        "C:\\boot.ini",
        "NUL.txt",
        "desktop.ini",
        "Open.lnk",
        "fake.png.exe",
        "100%25.txt",
        "a'b;c&d#e,f.txt",
    ),
    *("x" * 400 + ".pdf", "\u00fc" * 300 + ".pdf", "\u65b0\U0001fae8" * 80, "same.txt", "Same.txt", ""),
]
SAVE = """href =>
  document.body.append(Object.assign(document.createElement("a"), { href, download: "other", text: "x" }))"""


async def _page(_: Request) -> Response:
    return HTMLResponse("<!doctype html><title>x</title>")


async def _file(request: Request) -> Response:
    return Response(b"MZ", headers=headers_of("image/png", request.path_params["name"], inline=False))


async def test_a_file_is_saved_under_the_name_that_is_shown(browser: Browser, origin: str) -> None:
    async with served(Starlette(routes=[Route("/", _page), Route("/{name:path}", _file)])) as port:
        page = await browser.new_page()
        await page.goto(f"{origin}/")
        shown = await page.evaluate("names => savedNames(names)", SENT)
        await page.close()
        assert [await _saved(await browser.new_page(), port, name) for name in shown] == shown


async def _saved(page: Page, port: int, name: str) -> str:
    """In a page of its own: Chromium asks a person before it saves many files of one."""
    await page.goto(f"http://127.0.0.1:{port}/")
    await page.evaluate(SAVE, "/" + quote(name, safe=""))
    async with page.expect_download() as download:
        await page.get_by_role("link").click()
    await page.close()
    return (await download.value).suggested_filename
