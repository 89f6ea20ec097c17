"""The stand-ins for Stalwart and Kratos, each in its own process, and the requests of a run to them."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx2

from chaos.plan import DOMAIN, WORD
from postroom.errors import ConfigurationError
from postroom_sandbox.data_folder import DataFolder
from postroom_sandbox.loopback import LOOPBACK, free_port
from postroom_sandbox.processes import PythonChild

MILLISECONDS = 30
"""The time the stand-in for Stalwart takes for a response, so that faults happen during attempts. It serves an account
four requests at a time, so this limits how fast a backlog drains: with 60 ms it drained 57 mailboxes a second, and the
backlog of a full store took most of the time to settle."""

_ADMIN = ("admin", "pw-of-the-operator")
_USING = ["urn:ietf:params:jmap:core", "urn:stalwart:jmap"]


class Stalwart:
    def __init__(self, data: DataFolder, http: httpx2.AsyncClient) -> None:
        self.port = free_port()
        self.url = f"http://{LOOPBACK}:{self.port}"
        self.api_key = "API_" + data.secret("stalwart-api-key")
        self._http = http
        arguments = ["-m", "postroom_sandbox.stalwart", "--until-eof", "--port", str(self.port), "--domain", DOMAIN]
        arguments += ["--state", str(data.folder("stalwart")), "--latency-ms", str(MILLISECONDS)]
        self._process = PythonChild(
            "the stand-in for Stalwart",
            arguments,
            responds(http, f"{self.url}/_sandbox/state"),
            env=os.environ | {"STAND_IN_KEY": self.api_key, "STAND_IN_ADMIN": _ADMIN[1]},
            log=data.log("stalwart"),
        )

    async def start(self) -> None:
        await self._process.start()
        await self.set_fault(kind="fail", word=WORD)

    async def stop(self) -> None:
        await self._process.stop()

    async def set_fault(self, **fault: Any) -> None:
        """Switch a fault on. With `count=0` it replaces the current one and never strikes."""
        response = await self._http.put(f"{self.url}/_sandbox/faults", json=fault)
        response.raise_for_status()

    async def accounts(self) -> list[dict[str, Any]]:
        """The accounts of people, with addresses and marks."""
        response = await self._http.get(f"{self.url}/_sandbox/state")
        found: list[dict[str, Any]] = response.raise_for_status().json()["accounts"]
        return [each for each in found if not each["addresses"][0].startswith("postroom-")]

    async def make_strangers(self, addresses: Sequence[str]) -> None:
        """Make mailboxes without our mark, as an operator would."""
        calls: list[Any] = [["x:Domain/query", {"filter": {"name": DOMAIN}}, "0"]]
        domain = (await self._jmap(calls))[0][1]["ids"][0]
        create = {
            str(index): {"@type": "User", "name": address.partition("@")[0], "domainId": domain}
            for index, address in enumerate(addresses)
        }
        (response,) = await self._jmap([["x:Account/set", {"create": create}, "0"]])
        if len(response[1].get("created", {})) != len(addresses):
            raise ConfigurationError(f"the strangers' mailboxes were not made: {response}")

    async def _jmap(self, calls: list[Any]) -> list[Any]:
        body = {"using": _USING, "methodCalls": calls}
        response = await self._http.post(f"{self.url}/jmap/", json=body, auth=_ADMIN)
        return response.raise_for_status().json()["methodResponses"]


class Kratos:
    """Lists the identities that `Registrations` writes to `folder`; the load sends the hooks."""

    def __init__(self, data: DataFolder, http: httpx2.AsyncClient) -> None:
        self.folder: Path = data.folder("kratos")
        self.port = free_port()
        self.url = f"http://{LOOPBACK}:{self.port}"
        arguments = ["-m", "postroom_sandbox.kratos", "--until-eof", "--state", str(self.folder)]
        arguments += ["--admin-port", str(self.port), "--public-port", str(free_port())]
        arguments += ["--hook-url", f"http://{LOOPBACK}"]
        self._process = PythonChild(
            "the stand-in for Kratos",
            arguments,
            responds(http, f"{self.url}/admin/health/ready"),
            env=os.environ | {"POSTROOM_WEBHOOK_KEY": data.secret("webhook-key")},
            log=data.log("kratos"),
        )

    async def start(self) -> None:
        await self._process.start()

    async def stop(self) -> None:
        await self._process.stop()


def responds(http: httpx2.AsyncClient, url: str) -> Any:
    """A check whether `url` responds with 200."""

    async def check() -> bool:
        try:
            return (await http.get(url)).status_code == 200
        except httpx2.HTTPError:
            return False

    return check
