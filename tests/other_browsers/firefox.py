"""Firefox ESR of Debian, by WebDriver BiDi over its remote debugging port."""

import asyncio
import itertools
import json
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from other_browsers.driven import CALL_SECONDS, PageError, click_actions, key_actions
from postroom_sandbox.loopback import LOOPBACK
from tests.missing import Missing

_LISTENS_AT = re.compile(rb"WebDriver BiDi listening on (ws://\S+)")


class Firefox:
    name = "Firefox"

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._context = ""
        self.said: list[str] = []
        """what the pages complained about"""

    async def begin(self) -> None:
        await self._send("session.new", capabilities={})
        await self._send("session.subscribe", events=["log.entryAdded"])
        tree = await self._send("browsingContext.getTree")
        self._context = tree["contexts"][0]["context"]

    async def _send(self, method: str, **params: Any) -> Any:
        number = next(self._numbers)
        async with asyncio.timeout(CALL_SECONDS):
            await self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
            while True:
                message = json.loads(await self._socket.recv())
                if message.get("method") == "log.entryAdded" and message["params"]["level"] == "error":
                    self.said.append(message["params"]["text"])
                if message.get("id") == number:
                    break
        if message["type"] == "error":
            raise PageError(f"{method}: {message['message']}")
        return message["result"]

    async def open(self, url: str) -> None:
        await self._send("browsingContext.navigate", context=self._context, url=url, wait="complete")

    async def reload(self) -> None:
        await self._send("browsingContext.reload", context=self._context, wait="complete")

    async def run(self, body: str) -> Any:
        return await self._run_in(self._context, body)

    async def run_framed(self, body: str) -> Any:
        tree = await self._send("browsingContext.getTree", root=self._context)
        return await self._run_in(tree["contexts"][0]["children"][-1]["context"], body)

    async def _run_in(self, context: str, body: str) -> Any:
        script = f"(async () => JSON.stringify(await (async () => {{ {body} }})() ?? null))()"
        answer = await self._send(
            "script.evaluate", expression=script, target={"context": context}, awaitPromise=True
        )
        if answer["type"] == "exception":
            raise PageError(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"]["value"])

    async def keys(self, *keys: str) -> None:
        await self._act({"type": "key", "id": "keyboard", "actions": key_actions(keys)})

    async def click_at(self, x: float, y: float) -> None:
        await self._act({"type": "pointer", "id": "mouse", "actions": click_actions(x, y)})

    async def _act(self, actions: dict[str, Any]) -> None:
        await self._send("input.performActions", context=self._context, actions=[actions])

    async def give_files(self, selector: str, *files: Path) -> None:
        located = await self._send(
            "browsingContext.locateNodes", context=self._context, locator={"type": "css", "value": selector}
        )
        element = {"sharedId": located["nodes"][0]["sharedId"]}
        await self._send("input.setFiles", context=self._context, element=element, files=[str(each) for each in files])

    async def resize(self, width: int, height: int) -> None:
        await self._send(
            "browsingContext.setViewport", context=self._context, viewport={"width": width, "height": height}
        )


@asynccontextmanager
async def firefox(profile: Path, proxy: int) -> AsyncIterator[Firefox]:
    """Raises `Missing`."""
    path = shutil.which("firefox-esr") or shutil.which("firefox")
    if path is None:
        raise Missing("firefox-esr is not installed (Debian: apt-get install firefox-esr)")
    profile.mkdir()
    (profile / "user.js").write_text(
        # Nothing is asked of the internet; what the tests serve on loopback is a secure context, as localhost is.
        'user_pref("app.normandy.enabled", false);\n'
        'user_pref("browser.shell.checkDefaultBrowser", false);\n'
        'user_pref("datareporting.policy.dataSubmissionEnabled", false);\n'
        'user_pref("network.captive-portal-service.enabled", false);\n'
        'user_pref("network.connectivity-service.enabled", false);\n'
        'user_pref("services.settings.server", "http://127.0.0.1:9");\n'
        # Off line is a proxy that is gone.
        'user_pref("network.proxy.allow_hijacking_localhost", true);\n'
        'user_pref("network.proxy.type", 1);\n'
        f'user_pref("network.proxy.http", "{LOOPBACK}");\n'
        f'user_pref("network.proxy.http_port", {proxy});\n'
    )
    arguments = ["--headless", "--no-remote", "--profile", str(profile), "--remote-debugging-port", "0", "about:blank"]
    process = await asyncio.create_subprocess_exec(
        path, *arguments, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr
    reading = None
    try:
        async with asyncio.timeout(60):
            while not (found := _LISTENS_AT.search(await process.stderr.readline())):
                if process.stderr.at_eof():
                    raise RuntimeError("Firefox ended before it could be used")
        reading = asyncio.create_task(process.stderr.read())
        async with connect(f"{found[1].decode()}/session", max_size=None, proxy=None) as socket:
            browser = Firefox(socket)
            await browser.begin()
            yield browser
    finally:
        process.terminate()
        await process.wait()
        if reading:
            await reading
