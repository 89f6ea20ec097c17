"""A mailbox is destroyed at the mail server while its owner reads mail: it is noticed, reported, and remade by an
operator."""

from pathlib import Path

import httpx2

from eventually import eventually
from newcomer import newcomer
from records import records_of
from stalwart_client import StalwartClient
from trial import running_trial


async def test_destroyed_mailbox_is_reported_to_its_owner_and_webhook_and_remade(tmp_path: Path) -> None:
    async with running_trial(tmp_path, POSTROOM_PACE="0") as up:
        password = (tmp_path / ".postroom/secrets/stalwart-admin-password").read_text().strip()
        admin = StalwartClient(up.environment["POSTROOM_STALWART_URL"], ("admin", password))
        async with admin.http, newcomer(up.environment, "ann") as ann, ann.live_stream() as stream:
            mail = await ann.mail()
            assert (await stream.until("hello"))["state"] == "ready"
            assert (await admin.call("x:Account/set", destroy=[mail.account]))["destroyed"]

            async def refused() -> bool:
                return await problem_of(ann.http) == "mailbox_missing"

            await eventually(refused, "the mailbox is not served, with the problem for missing ones", 30)
            identity_id = (await ann.me())["identity_id"]
            hook = await up.hook(identity_id, ann.email)
            assert (hook.status_code, hook.json()["code"]) == (409, "mailbox_missing")

            async with records_of(up.environment["POSTROOM_DATABASE_URL"]) as records:
                await records.rows("UPDATE email_accounts SET suspected_at = suspected_at - interval '60 seconds'")
            reported = await stream.until("provisioning", within=30)
            assert reported["state"] == "missing"
            assert (await ann.me())["mailbox"]["state"] == "missing"
            assert [row["email"] for row in (await up.json("status"))["missing"]] == [ann.email]

            assert (await up.json("remake", ann.email))["remade"]
            assert (await stream.until("hello", within=30))["state"] == "ready"
            again = await ann.mail()
            assert again.account != mail.account
            assert await again.query() is not None
            assert (await up.hook(identity_id, ann.email)).status_code == 200


async def problem_of(http: httpx2.AsyncClient) -> str | None:
    answer = await http.get("/jmap/session")
    return None if answer.status_code == 200 else answer.json()["type"].rpartition(":")[2]
