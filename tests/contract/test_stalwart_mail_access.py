"""The rules of Stalwart about permissions and about blobs. On the stand-in, or on a real server (conftest.py)."""

import base64
from typing import Any

import httpx2
import pytest

from mail_person import MAIL_USING, PASSWORD, Person, message, person
from stalwart_client import StalwartClient

pytestmark = pytest.mark.stand_in


@pytest.fixture
def ann(straight: Person) -> Person:
    return straight


# Blobs


async def test_blob_get_returns_ranges_digests_and_encodings(ann: Person) -> None:
    blob = (await ann.upload(b"hello \xff", "text/plain"))["blobId"]
    found = await ann.get("Blob", blob, properties=["data", "size", "digest:sha-256"])
    assert (found["data:asBase64"], found["size"]) == (base64.b64encode(b"hello \xff").decode(), 7)
    assert found["isEncodingProblem"] is True
    piece = await ann.get("Blob", blob, properties=["data:asText"], offset=1, length=4)
    assert piece["data:asText"] == "ello"
    beyond = await ann.get("Blob", blob, properties=["data:asText", "size"], offset=4, length=2)
    assert (beyond["data:asText"], beyond["size"]) == ("o ", 7)


async def test_blob_is_accessible_only_to_its_account(ann: Person, ben: Person) -> None:
    blob = (await ann.upload(b"secret", "text/plain"))["blobId"]
    made = await ann.add(message("secret"))
    for number in (blob, made["blobId"], "nonsense"):
        for account in (ann.account, ben.account):
            answer = await ben.http.get(f"/jmap/download/{account}/{number}/x")
            assert answer.status_code == 404
    assert (await ben.call("Blob/get", ids=[blob]))["notFound"] == [blob]
    assert (await ben.add(b"", blobId=blob))["type"] == "blobNotFound"


async def test_download_is_an_attachment_with_the_requested_media_type(ann: Person) -> None:
    blob = (await ann.upload(b"x", "text/plain"))["blobId"]
    path = f"/jmap/download/{ann.account}/{blob}/a%20%C3%BC.txt"
    answer = await ann.http.get(path, params={"accept": "text/x-own"})
    assert (answer.content, answer.headers["content-type"]) == (b"x", "text/x-own")
    assert answer.headers["content-disposition"].startswith("attachment")


# Permissions


def login(name: str, secret: str = PASSWORD) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()}


async def test_only_a_master_account_can_act_as_another_person(admin: StalwartClient, ann: Person, ben: Person) -> None:
    extra = {"@type": "Merge", "enabledPermissions": {"impersonate": True}, "disabledPermissions": {}}
    async with person(admin, permissions=extra) as master:
        call = {"using": MAIL_USING, "methodCalls": [["Mailbox/get", {"accountId": ann.account}, "0"]]}
        as_ann = f"{ann.address}%{master.address}"
        async with httpx2.AsyncClient(base_url=admin.url) as http:

            async def status(name: str) -> int:
                return (await http.post("/jmap/", json=call, headers=login(name))).status_code

            assert await status(as_ann) == 200
            assert await status(f"ghost@example.org%{master.address}") == 401
            assert await status(f"{ann.address}%{ben.address}") == 403
            off = {"@type": "Merge", "enabledPermissions": {}, "disabledPermissions": {"authenticate": True}}
            assert await admin.update(ann.account, permissions=off) == {}
            assert [await status(ann.address), await status(as_ann)] == [403, 403]
        by_number = Person(master.http, ann.account, ann.address)
        assert (await by_number.call("Mailbox/get"))["list"]  # the mail of a suspended person can still be read with it


async def test_app_password_is_limited_to_its_permissions(admin: StalwartClient, ann: Person) -> None:
    few = {"authenticate": True, "jmapMailboxGet": True, "jmapEmailUpdate": True}
    permissions = {"@type": "Replace", "permissions": few}
    made = await admin.try_create("AppPassword", ann.account, description="reader", permissions=permissions)
    headers = login(ann.address, made["created"]["secret"])
    async with httpx2.AsyncClient(base_url=admin.url, headers=headers) as http:
        app = Person(http, ann.account, ann.address)
        assert (await app.call("Mailbox/get"))["list"]
        assert (await app.call("Email/get", ids=[]))["type"] == "forbidden"
        assert (await app.call("Email/set", update={"zz": {"keywords/a": True}}))["notUpdated"]["zz"]
        assert (await app.call("Email/set", destroy=["zz"]))["type"] == "forbidden"


async def test_jmap_method_needs_its_capability_and_an_accessible_account(ann: Person, ben: Person) -> None:
    async def error(using: list[str], method: str, **arguments: Any) -> str:
        call = [method, {"accountId": ann.account} | arguments, "0"]
        body = {"using": [f"urn:ietf:params:jmap:{name}" for name in using], "methodCalls": [call]}
        return (await ann.http.post("/jmap/", json=body)).json()["methodResponses"][0][1].get("type", "")

    assert await error(["core"], "Email/get", ids=[]) == "unknownMethod"
    assert await error(["core", "mail"], "Identity/get") == "unknownMethod"
    assert await error(["core", "mail"], "Email/get", ids=[]) == ""
    assert await error(["core", "mail"], "Email/burn") == "unknownMethod"
    assert await error(["core", "mail"], "Email/get", ids=[], accountId=ben.account) == "forbidden"
    assert await error(["core", "mail"], "Email/get", ids="a") == "invalidArguments"
