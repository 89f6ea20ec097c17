"""WebKitGTK of Debian, in its MiniBrowser on a screen of its own, by WebDriver."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2

from eventually import eventually
from http_status import is_ok
from other_browsers.driven import CALL_SECONDS, PageError, click_actions, key_actions
from postroom_sandbox.loopback import LOOPBACK, free_port
from tests.missing import Missing

_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # WebDriver §11


class WebKit:
    name = "WebKit"

    def __init__(self, session: str, http: httpx2.AsyncClient) -> None:
        self._session = session
        self._http = http

    async def _send(self, path: str, **values: Any) -> Any:
        answer = (await self._http.post(f"{self._session}/{path}", json=values)).json()["value"]
        if isinstance(answer, dict) and "error" in answer:
            raise PageError(f"{path}: {answer['error']}: {answer.get('message')}")
        return answer

    async def open(self, url: str) -> None:
        await self._send("url", url=url)

    async def reload(self) -> None:
        await self._send("refresh")

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
        frames = await self._send("elements", using="css selector", value="iframe")
        await self._send("frame", id=frames[-1])
        try:
            return await self.run(body)
        finally:
            await self._send("frame", id=None)

    async def keys(self, *keys: str) -> None:
        await self._act({"type": "key", "id": "keyboard", "actions": key_actions(keys)})

    async def click_at(self, x: float, y: float) -> None:
        await self._act({"type": "pointer", "id": "mouse", "actions": click_actions(x, y)})

    async def _act(self, actions: dict[str, Any]) -> None:
        await self._send("actions", actions=[actions])

    async def give_files(self, selector: str, *files: Path) -> None:
        element = (await self._send("element", using="css selector", value=selector))[_ELEMENT]
        await self._send(f"element/{element}/value", text="\n".join(str(each) for each in files))

    async def resize(self, width: int, height: int) -> None:
        """The window has a frame of its own, and follows a moment later."""

        async def fits() -> bool:
            inner = await self.run("return [innerWidth, innerHeight]")
            outer = (await self._http.get(f"{self._session}/window/rect")).json()["value"]
            missing = {"width": width - inner[0], "height": height - inner[1]}
            if any(missing.values()):
                await self._send("window/rect", **{side: outer[side] + more for side, more in missing.items()})
            return not any(missing.values())

        await eventually(fits, f"the page is {width} by {height}")


@asynccontextmanager
async def _screen() -> AsyncIterator[str]:
    """An X server that nobody looks at. Raises `Missing`."""
    if (path := shutil.which("Xvfb")) is None:
        raise Missing("Xvfb is not installed (Debian: apt-get install xvfb)")
    read, write = os.pipe()
    process = await asyncio.create_subprocess_exec(
        path, "-displayfd", str(write), "-screen", "0", "1600x1200x24", "-nolisten", "tcp", pass_fds=(write,),
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    os.close(write)
    try:
        number = await asyncio.wait_for(asyncio.to_thread(os.read, read, 20), CALL_SECONDS)
        yield f":{number.decode().strip()}"
    finally:
        os.close(read)
        process.terminate()
        await process.wait()


@asynccontextmanager
async def webkit(folder: Path, proxy: int) -> AsyncIterator[WebKit]:
    """Raises `Missing`."""
    driver = shutil.which("WebKitWebDriver")
    found = next(iter(sorted(Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser"))), None)
    if driver is None or found is None:
        raise Missing("WebKitGTK is not installed (Debian: apt-get install webkit2gtk-driver)")
    folder.mkdir()
    port = free_port()
    async with _screen() as display, httpx2.AsyncClient(trust_env=False, timeout=CALL_SECONDS) as http:
        # Its own sandbox needs namespaces, which a container may not have; it is not what is tested here.
        own = {
            "DISPLAY": display,
            "HOME": str(folder),
            "XDG_RUNTIME_DIR": str(folder),
            "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1",
            "LIBGL_ALWAYS_SOFTWARE": "1",
            "GIO_USE_NETWORK_MONITOR": "base",
        }
        environment = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")} | own
        process = await asyncio.create_subprocess_exec(
            driver, f"--port={port}", env=environment, stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            server = f"http://127.0.0.1:{port}"
            await eventually(lambda: is_ok(f"{server}/status"), "WebKitWebDriver answers", 30)
            options = {"binary": str(found), "args": ["--automation"]}
            through = {"proxyType": "manual", "httpProxy": f"{LOOPBACK}:{proxy}"}
            always = {"alwaysMatch": {"webkitgtk:browserOptions": options, "proxy": through}}
            made = (await http.post(f"{server}/session", json={"capabilities": always})).json()["value"]
            if "sessionId" not in made:
                raise RuntimeError(f"WebKitGTK does not start: {made}")
            session = f"{server}/session/{made['sessionId']}"
            await http.post(f"{session}/timeouts", json={"script": 20_000, "pageLoad": 20_000})
            try:
                yield WebKit(session, http)
            finally:
                await http.delete(session)
        finally:
            process.terminate()
            await process.wait()
