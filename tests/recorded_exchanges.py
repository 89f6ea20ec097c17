"""Exchanges recorded at a real Stalwart, repeated at its stand-in."""

import base64
import json
from collections.abc import Iterator, Set
from pathlib import Path
from typing import Any

import httpx2

FOLDER = Path(__file__).parent / "contract" / "recorded"


def recorded(name: str) -> Iterator[dict[str, Any]]:
    """The lines of a recording."""
    yield from map(json.loads, (FOLDER / name).read_text("utf-8").splitlines())


class Player:
    """Sends the requests of a recording. `free` are members whose values may differ."""

    def __init__(self, http: httpx2.AsyncClient, free: Set[str]) -> None:
        self.played = 0
        self._http = http
        self._free = free
        self._secrets: dict[str, str] = {}
        self._blobs: dict[str, str] = {}

    async def play(self, line: dict[str, Any]) -> list[str]:
        """The differences between the response to the request of a line and the recorded one."""
        self.played += 1
        text = json.dumps(line["request"]).replace('"501 ids"', json.dumps(["eaaaaab"] * 501))
        for there, here in self._blobs.items():
            text = text.replace(there, here)
        request, wanted = json.loads(text), line["response"]
        headers = self._authorization(line["auth"])
        body = request.get("body")
        if body is not None:
            headers["Content-Type"] = request["content_type"]
            body = body if isinstance(body, str) else json.dumps(body)
        answer = await self._http.request(request["method"], request["path"], content=body, headers=headers)
        found = answer.json() if "json" in answer.headers.get("content-type", "") else answer.text
        unlike = [] if answer.status_code == wanted["status"] else [f"status {answer.status_code}"]
        for name, value in (wanted.get("headers") or {}).items():
            if value not in answer.headers.get(name, ""):
                unlike.append(f"header {name} is {answer.headers.get(name)!r}")
        if line["replay"] == "exact":
            unlike += self._differences(wanted["body"], found)
        elif _outline(wanted["body"]) != _outline(found):
            unlike.append(f"{_outline(wanted['body'])} is {_outline(found)}")
        self._learn(line, found)
        return [f"{line['note']}: {text}" for text in unlike]

    def _authorization(self, auth: dict[str, Any] | None) -> dict[str, str]:
        if auth is None:
            return {}
        if "bearer" in auth:
            return {"Authorization": f"Bearer {self._secrets[auth['bearer']['secret_of']]}"}
        login, password = auth["basic"]
        secret = self._secrets[password["secret_of"]] if isinstance(password, dict) else password
        return {"Authorization": "Basic " + base64.b64encode(f"{login}:{secret}".encode()).decode()}

    def _learn(self, line: dict[str, Any], found: Any) -> None:
        """Remember the values that later lines refer to."""
        if isinstance(found, dict) and "blobId" in found:
            self._blobs[line["response"]["body"]["blobId"]] = found["blobId"]
        elif isinstance(found, dict) and "secret" in json.dumps(found):
            created = found["methodResponses"][0][1].get("created", {}).get("c", {})
            self._secrets[line["note"]] = created.get("secret", "")

    def _differences(self, wanted: Any, found: Any, path: str = "") -> Iterator[str]:
        """Where two JSON values differ, except in free members and in the order of lists of objects."""
        if isinstance(wanted, dict) and isinstance(found, dict):
            for name in sorted(wanted.keys() ^ found.keys()):
                yield f"{path}/{name} is {'missing' if name in wanted else 'too much'}"
            for name in sorted(wanted.keys() & found.keys()):
                if name not in self._free or isinstance(wanted[name], dict | list):
                    yield from self._differences(wanted[name], found[name], f"{path}/{name}")
        elif isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
            if wanted and isinstance(wanted[0], dict):
                wanted, found = (sorted(entries, key=lambda e: str(e.get("id", e))) for entries in (wanted, found))
            for place, pair in enumerate(zip(wanted, found, strict=True)):
                yield from self._differences(*pair, f"{path}/{place}")
        elif wanted != found:
            yield f"{path} should be {wanted!r} and is {found!r}"


def _outline(body: Any) -> Any:
    if isinstance(body, dict) and "methodResponses" in body:
        return [(method, sorted(answer)) for method, answer, _ in body["methodResponses"]]
    return sorted(body) if isinstance(body, dict) else body
