"""The scripts of docs/how-to/remove.md, by which an administrator of Stalwart removes what Postroom made there."""

import asyncio
import os
import re
import shutil
from uuid import uuid4

from command_blocks import blocks
from postroom.domain.mailbox import mark_of
from stalwart_client import StalwartClient, unique
from tests.missing import Missing, skip_without

NEEDED = ("bash", "curl", "jq")
SCRIPTS = [
    block.commands for block in blocks() if block.document == "docs/how-to/remove.md" and block.tags == ("server",)
]


def hook_of(domain: str) -> str:
    return f"http://127.0.0.1:9/{domain}/internal/mail/stalwart"


async def run(admin: StalwartClient, domain: str, *scripts: str) -> None:
    variables = f"admin={':'.join(admin.login)} stalwart={admin.url} domain={domain} hook={hook_of(domain)}"
    process = await asyncio.create_subprocess_exec(
        *("bash", "-euo", "pipefail", "-c", re.sub("^export .*", f"export {variables}", "\n".join(scripts))),
        env={"PATH": os.environ["PATH"]},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, output.decode()


async def test_the_page_gives_a_password_and_removes_what_is_ours_and_nothing_of_people(admin: StalwartClient) -> None:
    if missing := [name for name in NEEDED if shutil.which(name) is None]:
        skip_without("tools of the docs", Missing(f"not installed: {', '.join(missing)}"))
    passwords, accounts, settings, marks = SCRIPTS
    domain = f"{unique('of')}.test"
    domain_id = await admin.ensure_domain(domain)

    def alias(name: str, *, enabled: bool = False) -> dict[str, object]:
        return {"name": name, "domainId": domain_id, "enabled": enabled}

    theirs = {"0": alias("nickname", enabled=True), "1": alias(mark_of(uuid4())), "2": alias("postroom-of-the-town")}
    person = await admin.create("alice", domainId=domain_id, aliases=theirs)
    ours = [await admin.create(f"postroom-{name}", domainId=domain_id) for name in ("service", "mail", "probe")]
    elsewhere = await admin.create(
        unique(), aliases={"0": {"name": mark_of(uuid4()), "domainId": admin.domain, "enabled": False}}
    )

    role = await admin.role("authenticate", description="Postroom")
    hooks = [
        (await admin.try_create("WebHook", url=url))["created"]["id"] for url in (hook_of(domain), hook_of("other"))
    ]
    address = f"127.99.{int(unique()[-4:], 16) % 250}.1"
    allowed = (await admin.try_create("AllowedIp", address=address, reason="Postroom"))["created"]["id"]

    await run(admin, domain, passwords, accounts, settings, marks)

    assert [each["@type"] for each in (await admin.get(person))["credentials"].values()] == ["Password"]
    assert (await admin.call("x:Role/get", ids=[role]))["notFound"] == [role]
    assert (await admin.call("x:AllowedIp/get", ids=[allowed]))["notFound"] == [allowed]
    assert [each["id"] for each in (await admin.call("x:WebHook/get", ids=hooks))["list"]] == hooks[1:]
    await admin.call("x:WebHook/set", destroy=hooks[1:])
    assert (await admin.call("x:Account/get", ids=ours))["notFound"] == ours
    names = {each["name"] for each in (await admin.get(person))["aliases"].values()}
    assert names == {"nickname", "postroom-of-the-town"}
    assert len((await admin.get(elsewhere))["aliases"]) == 1, "of another installation"
    functions, _, _ = passwords.partition("give_password alice")
    await run(admin, domain, functions, accounts, settings, marks)  # a second time there is nothing to do
