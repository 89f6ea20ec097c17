"""A browser at Kratos whose page speaks JSON, as Postroom's pages do; and the content of a form."""

import hmac
import re
import struct
import time
from base64 import b32decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx2

from kratos_servers import PASSWORD, Kratos

COOKIE = "ory_kratos_session"


class Browser:
    def __init__(self, kratos: Kratos, http: httpx2.AsyncClient) -> None:
        self.kratos = kratos
        self.http = http

    async def start(self, kind: str, **query: str) -> httpx2.Response:
        return await self.http.get(f"{self.kratos.public_url}/self-service/{kind}/browser", params=query)

    async def flow(self, kind: str, **query: str) -> Any:
        return (await self.start(kind, **query)).raise_for_status().json()

    async def flow_of(self, kind: str, flow_id: str) -> httpx2.Response:
        """A flow that was begun before."""
        return await self.http.get(f"{self.kratos.public_url}/self-service/{kind}/flows", params={"id": flow_id})

    async def send(self, flow: Any, method: str, **values: Any) -> httpx2.Response:
        form = {"method": method, "csrf_token": value_of(flow, "csrf_token")} | values
        return await self.http.post(flow["ui"]["action"], json=form, follow_redirects=True)

    async def post(self, flow: Any, method: str, **values: str) -> httpx2.Response:
        """Submit a form, as a page without a script does."""
        form = {"method": method, "csrf_token": value_of(flow, "csrf_token")} | values
        return await self.http.post(flow["ui"]["action"], data=form, headers={"Accept": "text/html"})

    async def sign_up(self, email: str) -> Any:
        traits = {"email": email}
        answer = await self.send(await self.flow("registration"), "password", password=PASSWORD, traits=traits)
        return answer.raise_for_status().json()

    async def log_in(self, email: str, password: str = PASSWORD, **query: str) -> httpx2.Response:
        return await self.send(await self.flow("login", **query), "password", identifier=email, password=password)

    async def whoami(self) -> httpx2.Response:
        return await self.http.get(f"{self.kratos.public_url}/sessions/whoami")


@asynccontextmanager
async def browser_at(kratos: Kratos, **headers: str) -> AsyncIterator[Browser]:
    """With these further `headers` in each request."""
    async with httpx2.AsyncClient(trust_env=False, headers={"Accept": "application/json", **headers}) as http:
        yield Browser(kratos, http)


def new_address() -> str:
    return f"person.{uuid4().hex}@example.org"


async def mailed(kratos: Kratos, address: str) -> list[Any]:
    """The mails of Kratos to that address, newest first."""
    found = await kratos.http.get(f"{kratos.admin_url}/admin/courier/messages", params={"recipient": address})
    return found.raise_for_status().json()


async def code_for(kratos: Kratos, address: str) -> str:
    """The newest code mailed to that address."""
    found = re.search(r"\b\d{6}\b", (await mailed(kratos, address))[0]["body"])
    assert found
    return found.group()


def another(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


def nodes(flow: Any) -> list[str]:
    """Each field in order: group, name, type, and the id of a visible label."""
    lines: list[str] = []
    for each in flow["ui"]["nodes"]:
        attributes, label = each["attributes"], each["meta"].get("label", {})
        name, kind = attributes.get("name") or attributes["id"], attributes.get("type") or each["type"]
        seen = "" if kind == "hidden" else label.get("id", "")
        lines.append(f"{each['group']} {name} {kind} {seen}".strip())
    return lines


def said(flow: Any) -> list[int]:
    """The ids of the messages above the form."""
    return [each["id"] for each in flow["ui"].get("messages") or []]


def problems(flow: Any) -> dict[str, list[int]]:
    """The ids of the messages at the fields."""
    found = {each["attributes"].get("name"): [m["id"] for m in each["messages"]] for each in flow["ui"]["nodes"]}
    return {name: ids for name, ids in found.items() if ids}


def value_of(flow: Any, name: str) -> Any:
    """The value of the first such field, or None."""
    return next(n["attributes"].get("value") for n in flow["ui"]["nodes"] if n["attributes"].get("name") == name)


def totp_secret(flow: Any) -> str:
    """The secret for an authenticator app, as offered by a settings flow."""
    [shown] = [n["attributes"]["text"] for n in flow["ui"]["nodes"] if n["attributes"].get("id") == "totp_secret_key"]
    return shown["text"]


def totp(secret: str) -> str:
    """RFC 6238 with its defaults: SHA-1, 30 s, 6 digits."""
    digest = hmac.digest(b32decode(secret), struct.pack(">Q", int(time.time()) // 30), "sha1")
    offset = digest[-1] & 15
    return f"{(struct.unpack_from('>I', digest, offset)[0] & 0x7FFFFFFF) % 1_000_000:06}"
