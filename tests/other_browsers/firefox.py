"""Firefox ESR of Debian, by WebDriver BiDi over its remote debugging port."""

import asyncio
import itertools
import json
import re
import shutil
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

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
from postroom_sandbox.loopback import LOOPBACK
from tests.missing import Missing

_LISTENS_AT = re.compile(rb"WebDriver BiDi listening on (ws://\S+)")


class Firefox:
    name = "Firefox"

    def __init__(self, socket: ClientConnection) -> None:
        self.patience = CALL_SECONDS
        self._socket = socket
        self._numbers = itertools.count(1)
        self._context = ""
        self._logged: list[str] = []
        self._lost: Lost | None = None

    async def begin(self) -> None:
        await self._send("session.new", capabilities={})
        await self._send("session.subscribe", events=["log.entryAdded"])
        tree = await self._send("browsingContext.getTree")
        self._context = tree["contexts"][0]["context"]
        # Without the focus its window tells no script where the focus is.
        await self._send("browsingContext.activate", context=self._context)

    async def _send(self, method: str, **params: Any) -> Any:
        if self._lost:
            raise self._lost
        try:
            async with asyncio.timeout(self.patience):
                answer = await self._exchange(method, params)
        except TimeoutError:
            self._lost = Lost(f"Firefox did not answer {method} within {self.patience:g} s: its page hangs")
            raise self._lost from None
        except ConnectionClosed:
            self._lost = Lost(f"Firefox has ended: {method} was not answered")
            raise self._lost from None
        if answer["type"] == "error":
            raise PageError(f"{method}: {answer['message']}")
        return answer["result"]

    async def _exchange(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        number = next(self._numbers)
        await self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            message = json.loads(await self._socket.recv())
            if message.get("method") == "log.entryAdded" and message["params"]["level"] == "error":
                self._logged.append(message["params"]["text"])
            if message.get("id") == number:
                return message

    async def open(self, url: str) -> None:
        await self._load("browsingContext.navigate", url=url)

    async def reload(self) -> None:
        await self._load("browsingContext.reload")

    async def _load(self, method: str, **params: Any) -> None:
        """Firefox calls off one that begins while the page itself goes to another of its addresses."""
        tries = 3
        while tries:
            tries -= 1
            try:
                await self._send(method, context=self._context, wait="complete", **params)
            except PageError as error:
                if not tries or "NS_BINDING_ABORTED" not in str(error):
                    raise
            else:
                return

    async def run(self, body: str) -> Any:
        return await self._run_in(self._context, body)

    async def run_framed(self, body: str) -> Any:
        script = f"[...document.querySelectorAll({json.dumps(FRAMES)})].at(-1)?.contentWindow"
        target = {"context": self._context}
        answer = await self._send("script.evaluate", expression=script, target=target, awaitPromise=False)
        if answer["result"]["type"] != "window":
            raise PageError("no message has a frame")
        return await self._run_in(answer["result"]["value"]["context"], body)

    async def _run_in(self, context: str, body: str) -> Any:
        script = f"(async () => JSON.stringify(await (async () => {{ {body} }})() ?? null))()"
        target = {"context": context}
        answer = await self._send("script.evaluate", expression=script, target=target, awaitPromise=True)
        if answer["type"] == "exception":
            raise PageError(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"]["value"])

    async def logged(self) -> list[str]:
        await self.run("return null")  # what was logged before comes before its answer
        logged, self._logged = self._logged, []
        return logged

    async def keys(self, *keys: str) -> None:
        await self._act({"type": "key", "id": "keyboard", "actions": key_actions(keys)})

    async def click_at(self, x: float, y: float) -> None:
        await self._act({"type": "pointer", "id": "mouse", "actions": click_actions(x, y)})

    async def _act(self, actions: dict[str, Any]) -> None:
        await self._send("input.performActions", context=self._context, actions=[actions])

    async def give_files(self, selector: str, *files: Path) -> None:
        locator = {"type": "css", "value": selector}
        located = await self._send("browsingContext.locateNodes", context=self._context, locator=locator)
        element = {"sharedId": located["nodes"][0]["sharedId"]}
        await self._send("input.setFiles", context=self._context, element=element, files=[str(each) for each in files])

    @asynccontextmanager
    async def phone(self, url: str) -> AsyncIterator[None]:
        width, height = PHONE
        await self._send_viewport({"width": width, "height": height})
        try:
            await self.open(url)
            yield
        finally:
            await self._send_viewport(None)

    async def _send_viewport(self, viewport: dict[str, int] | None) -> None:
        await self._send("browsingContext.setViewport", context=self._context, viewport=viewport)


def _preferences(proxy: int) -> str:
    preferences = {
        # Nothing is asked of the internet.
        "app.normandy.enabled": False,
        "browser.shell.checkDefaultBrowser": False,
        "datareporting.policy.dataSubmissionEnabled": False,
        "network.captive-portal-service.enabled": False,
        "network.connectivity-service.enabled": False,
        "services.settings.server": f"http://{LOOPBACK}:9",
        # Its window has the focus, though no screen shows it.
        "focusmanager.testmode": True,
        # All that it asks goes through the proxy of the test, also what is on this machine.
        "network.proxy.allow_hijacking_localhost": True,
        "network.proxy.type": 1,
        "network.proxy.http": LOOPBACK,
        "network.proxy.http_port": proxy,
    }
    return "".join(f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in preferences.items())


@asynccontextmanager
async def firefox(folder: Path, proxy: int) -> AsyncIterator[Firefox]:
    """`folder` is its profile, which is made; `proxy` a port, without which it is off line. Raises `Missing`."""
    path = shutil.which("firefox-esr")
    if path is None:
        raise Missing("firefox-esr is not installed (Debian: apt-get install firefox-esr)")
    folder.mkdir()
    (folder / "user.js").write_text(_preferences(proxy))
    options = ("--headless", "--no-remote", "--profile", folder, "--remote-debugging-port", "0", "data:text/html,")
    async with program(path, *options, stderr=PIPE) as process:
        address = await _address(process)
        reading = asyncio.create_task(_throw_away(process))
        try:
            async with connect(f"{address}/session", max_size=None, proxy=None, close_timeout=1) as socket:
                browser = Firefox(socket)
                await browser.begin()
                yield browser
        finally:
            reading.cancel()


async def _address(process: Process) -> str:
    assert process.stderr
    written: list[bytes] = []
    try:
        async with asyncio.timeout(START_SECONDS):
            async for line in process.stderr:
                if found := _LISTENS_AT.search(line):
                    return found[1].decode()
                written.append(line)
    except TimeoutError:
        raise Lost(f"Firefox does not start within {START_SECONDS:g} s") from None
    raise Lost(f"Firefox does not start: {b''.join(written[-5:]).decode(errors='replace')}")


async def _throw_away(process: Process) -> None:
    """A pipe that nobody reads would stop it."""
    assert process.stderr
    while await process.stderr.read(65536):
        pass
