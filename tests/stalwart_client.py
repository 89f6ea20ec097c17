"""A small client of Stalwart's management API, for contract tests on the stand-in and on a real server."""

import uuid
from collections.abc import Iterable
from typing import Any

import httpx2

USING = ["urn:ietf:params:jmap:core", "urn:stalwart:jmap"]

Answer = dict[str, Any]


def unique(word: str = "person") -> str:
    """A local part that no other test uses or has used on a real server."""
    return f"{word}-{uuid.uuid4().hex[:12]}"


class StalwartClient:
    """`auth` is (login, password) or a bearer key."""

    def __init__(self, url: str, auth: tuple[str, str] | str) -> None:
        headers = {"Authorization": f"Bearer {auth}"} if isinstance(auth, str) else {}
        basic = None if isinstance(auth, str) else auth
        self.url = url
        self.login = basic or ("", "")
        self.http = httpx2.AsyncClient(base_url=url, auth=basic, headers=headers, timeout=30)
        self.domain = ""
        self.other_domain = ""

    async def request(self, *calls: tuple[str, Answer], **more: Any) -> Answer:
        """One request with these method calls, tagged "0", "1", …; the complete response."""
        tagged = [[method, arguments, str(tag)] for tag, (method, arguments) in enumerate(calls)]
        response = await self.http.post("/jmap/", json={"using": USING, "methodCalls": tagged} | more)
        assert response.status_code == 200, response.text
        return response.json()

    async def calls(self, *calls: tuple[str, Answer]) -> list[Answer]:
        response = await self.request(*calls)
        return [answer for _, answer, _ in response["methodResponses"]]

    async def call(self, method: str, **arguments: Any) -> Answer:
        (answer,) = await self.calls((method, arguments))
        return answer

    async def try_create(self, kind: str = "Account", account: str | None = None, **value: Any) -> Answer:
        """`{"created": …}`, `{"notCreated": …}` or a method error, for one object."""
        arguments: Answer = {"create": {"c": value}} | ({"accountId": account} if account else {})
        answer = await self.call(f"x:{kind}/set", **arguments)
        return {name: answer[name]["c"] for name in ("created", "notCreated") if name in answer} or answer

    async def create(self, name: str, **value: Any) -> str:
        """Create a mailbox, by default in the first domain; return its id."""
        answer = await self.try_create(**({"@type": "User", "name": name, "domainId": self.domain} | value))
        assert "created" in answer, answer
        return answer["created"]["id"]

    async def role(self, *permissions: str, description: str | None = None) -> str:
        """Make a role; return its id."""
        enabled = dict.fromkeys(permissions, True)
        made = await self.try_create("Role", description=description or unique("role"), enabledPermissions=enabled)
        return made["created"]["id"]

    async def create_with(self, permissions: Iterable[str], **value: Any) -> tuple[str, str]:
        """Id and address of a new account that holds exactly these permissions."""
        name = unique("service")
        roles = {"@type": "Custom", "roleIds": {await self.role(*permissions): True}}
        return await self.create(name, roles=roles, **value), f"{name}@example.org"

    async def key_with(self, permissions: Iterable[str], **value: Any) -> str:
        """The API key of a new account that holds exactly these permissions."""
        number, _ = await self.create_with(permissions)
        return (await self.try_create("ApiKey", account=number, description="test", **value))["created"]["secret"]

    async def update(self, number: str, **patch: Any) -> Answer:
        """`{}` on success, otherwise the SetError."""
        answer = await self.call("x:Account/set", update={number: patch})
        return answer["notUpdated"][number] if "notUpdated" in answer else {}

    async def get(self, number: str, kind: str = "Account") -> Answer:
        answer = await self.call(f"x:{kind}/get", ids=[number])
        return answer["list"][0]

    async def ensure_domain(self, name: str) -> str:
        found = await self.call("x:Domain/query", filter={"name": name})
        if found["ids"]:
            return found["ids"][0]
        return (await self.try_create("Domain", name=name))["created"]["id"]
