"""WebKitGTK of Debian, in its MiniBrowser on a screen of its own, by WebDriver."""

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2

from eventually import eventually
from http_status import is_ok
from other_browsers.driven import (
    CALL_SECONDS,
    FRAMES,
    PHONE,
    START_SECONDS,
    Lost,
    PageError,
    click_actions,
    key_actions,
)
from other_browsers.program import program
from postroom_sandbox.loopback import LOOPBACK, free_port
from tests.missing import Missing

_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # WebDriver §11
_HANGS = ("script timeout", "timeout")
_GONE = ("invalid session id", "no such window")
# The driver answers when the document is parsed, while its modules are still on their way.
_LOADED = "if (document.readyState !== 'complete') await new Promise((loaded) => addEventListener('load', loaded))"


class WebKit:
    name = "WebKit"

    def __init__(self, session: str, http: httpx2.AsyncClient) -> None:
        self.patience = CALL_SECONDS
        self._session = session
        self._http = http
        self._lost: Lost | None = None

    async def _send(self, path: str, method: str = "POST", **values: Any) -> Any:
        if self._lost:
            raise self._lost
        content = values if method == "POST" else None
        try:
            url = f"{self._session}/{path}"
            response = await self._http.request(method, url, json=content, timeout=self.patience)
            answer = response.json()["value"]
        except httpx2.TimeoutException:
            answer = {"error": "timeout"}
        except httpx2.TransportError:
            answer = {"error": "no such window"}
        error = answer["error"] if isinstance(answer, dict) and "error" in answer else None
        if error in _HANGS:
            self._lost = Lost(f"WebKit did not answer {path} within {self.patience:g} s: its page hangs")
        elif error in _GONE or (error == "unknown error" and not answer.get("message")):
            self._lost = Lost(f"WebKit has ended: {path} was not answered")
        if self._lost:
            raise self._lost
        if error:
            raise PageError(f"{path}: {error}: {answer.get('message')}")
        return answer

    async def open(self, url: str) -> None:
        await self._send("url", url=url)
        await self.run(_LOADED)

    async def reload(self) -> None:
        await self._send("refresh")
        await self.run(_LOADED)

    async def run(self, body: str) -> Any:
        script = (
            f"const done = arguments[0]; (async () => {{ {body} }})()"
            ".then((value) => done([value ?? null]), (error) => done(String(error)))"
        )
        answer = await self._send("execute/async", script=script, args=[])
        if isinstance(answer, str):
            raise PageError(answer)
        return answer[0]

    async def run_framed(self, body: str) -> Any:
        frames = await self._send("elements", using="css selector", value=FRAMES)
        if not frames:
            raise PageError("no message has a frame")
        await self._send("frame", id=frames[-1])
        try:
            return await self.run(body)
        finally:
            await self._send("frame", id=None)

    async def logged(self) -> list[str]:
        return []

    async def keys(self, *keys: str) -> None:
        await self._act({"type": "key", "id": "keyboard", "actions": key_actions(keys)})

    async def click_at(self, x: float, y: float) -> None:
        await self._act({"type": "pointer", "id": "mouse", "actions": click_actions(x, y)})

    async def _act(self, actions: dict[str, Any]) -> None:
        await self._send("actions", actions=[actions])

    async def give_files(self, selector: str, *files: Path) -> None:
        element = (await self._send("element", using="css selector", value=selector))[_ELEMENT]
        await self._send(f"element/{element}/value", text="\n".join(str(each) for each in files))

    @asynccontextmanager
    async def phone(self, url: str) -> AsyncIterator[None]:
        """The toolbar of its own window makes that one wider; a window that a page opens has none."""
        width, height = PHONE
        first = await self._send("window", "GET")
        # Only a click may open a window.
        opening = f"window.open({json.dumps(url)}, '', 'width={width},height={height}')"
        await self.run(f"addEventListener('click', () => {opening}, {{ capture: true, once: true }})")
        await self.click_at(1, 1)
        opened: list[str] = []

        async def is_open() -> bool:
            opened[:] = [each for each in await self._send("window/handles", "GET") if each != first]
            return bool(opened)

        await eventually(is_open, "WebKit opens a window")
        await self._send("window", handle=opened[0])
        try:
            yield
        finally:
            await self._send("window", "DELETE")
            await self._send("window", handle=first)


@asynccontextmanager
async def _screen() -> AsyncIterator[str]:
    """An X server that nobody looks at. Raises `Missing`."""
    if (path := shutil.which("Xvfb")) is None:
        raise Missing("Xvfb is not installed (Debian: apt-get install xvfb)")
    read, write = os.pipe()
    options = ("-displayfd", str(write), "-screen", "0", "1600x1200x24", "-nolisten", "tcp")
    try:
        async with program(path, *options, pass_fds=(write,)):
            os.close(write)
            number = await asyncio.wait_for(asyncio.to_thread(os.read, read, 20), START_SECONDS)
            if not number:
                raise Lost("Xvfb does not start")
            yield f":{number.decode().strip()}"
    finally:
        os.close(read)


def _environment(folder: Path, display: str) -> dict[str, str]:
    """Its own sandbox needs namespaces, which a container may not have; it is not what is tested here."""
    own = {
        "DISPLAY": display,
        "HOME": str(folder),
        "XDG_RUNTIME_DIR": str(folder),
        "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1",
        "LIBGL_ALWAYS_SOFTWARE": "1",
        "GIO_USE_NETWORK_MONITOR": "base",
    }
    return {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")} | own


@asynccontextmanager
async def webkit(folder: Path, proxy: int) -> AsyncIterator[WebKit]:
    """`folder` is its home, which is made; `proxy` a port, without which it is off line. Raises `Missing`."""
    driver = shutil.which("WebKitWebDriver")
    found = next(iter(sorted(Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser"))), None)
    if driver is None or found is None:
        raise Missing("WebKitGTK is not installed (Debian: apt-get install webkit2gtk-driver)")
    folder.mkdir()
    port = free_port()
    server = f"http://{LOOPBACK}:{port}"
    wanted = {
        "webkitgtk:browserOptions": {"binary": str(found), "args": ["--automation"]},
        "proxy": {"proxyType": "manual", "httpProxy": f"{LOOPBACK}:{proxy}"},
        "timeouts": {"script": 1000 * CALL_SECONDS, "pageLoad": 1000 * CALL_SECONDS},
    }
    async with (
        _screen() as display,
        program(driver, f"--port={port}", env=_environment(folder, display)),
        httpx2.AsyncClient(trust_env=False, timeout=START_SECONDS) as http,
    ):
        await eventually(lambda: is_ok(f"{server}/status"), "WebKitWebDriver answers", START_SECONDS)
        made = await http.post(f"{server}/session", json={"capabilities": {"alwaysMatch": wanted}})
        if not (number := made.json()["value"].get("sessionId")):
            raise Lost(f"WebKitGTK does not start: {made.text}")
        yield WebKit(f"{server}/session/{number}", http)
