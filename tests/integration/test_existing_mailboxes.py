"""The script of docs/how-to/install.md that hands mailboxes, older than Postroom, to the identities that own them."""

import asyncio
import os
import re
import shutil
import sys
from pathlib import Path

from command_blocks import blocks
from kratos_servers import Kratos, real_kratos
from parts import environment
from postroom.domain.mailbox import mark_of
from records import Records
from servers import Database
from stalwart_client import StalwartClient
from stalwart_stand_in import StalwartStandIn
from tests.missing import Missing, skip_without

NEEDED = ("bash", "curl", "jq")


async def add(kratos: Kratos, email: str, *, verified: bool) -> str:
    """Create an identity by the admin API; return its id."""
    address = {"value": email, "verified": verified, "via": "email", "status": "completed" if verified else "pending"}
    body = {"schema_id": "default", "traits": {"email": email}, "verifiable_addresses": [address]}
    answer = await kratos.http.post(f"{kratos.admin_url}/admin/identities", json=body)
    return answer.raise_for_status().json()["id"]


async def test_guide_hands_a_mailbox_only_to_the_identity_whose_address_in_the_domain_is_verified(
    tmp_path: Path, database: Database, stalwart: StalwartStandIn, records: Records
) -> None:
    if missing := [name for name in NEEDED if shutil.which(name) is None]:
        skip_without("tools of the docs", Missing(f"not installed: {', '.join(missing)}"))
    (script,) = [block.commands for block in blocks() if block.commands.startswith("export stalwart=")]
    client = StalwartClient(stalwart.url, stalwart.admin)
    async with (
        client.http,
        real_kratos(tmp_path, hook_url="http://127.0.0.1:9/internal/mail/provision", hook_key="unused") as kratos,
    ):
        (client.domain,) = (await client.call("x:Domain/query", filter={"name": "example.org"}))["ids"]
        boss, _, _ = [await client.create(name) for name in ("boss", "clerk", "guest")]
        owner = await add(kratos, "Boss@example.org", verified=True)
        await add(kratos, "clerk@example.org", verified=False)  # whoever claims an address does not own its mail
        await add(kratos, "guest@elsewhere.test", verified=True)
        await add(kratos, "nobody@example.org", verified=True)

        async def run(admin: str) -> str:
            addresses = f"stalwart={stalwart.url} admin={admin} kratos={kratos.admin_url}"
            process = await asyncio.create_subprocess_exec(
                *("bash", "-euc", re.sub("^export .*", f"export {addresses}", script)),
                env={"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
                | environment(database, None, stalwart),
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            output, _ = await asyncio.wait_for(process.communicate(), 60)
            assert process.returncode == 0, output.decode()
            return output.decode()

        assert "refuses the login" in await run("admin:wrong")
        assert "boss@example.org" in await run(":".join(stalwart.admin))
        assert "boss@example.org" not in await run(":".join(stalwart.admin)), "it has its mark already"
    marks = {account["id"]: account["marks"] for account in await stalwart.accounts() if account["marks"]}
    assert {number: len(of) for number, of in marks.items()} == {boss: 1}
    found = await records.rows("SELECT identity_id, email, state FROM email_requests")
    assert [(str(row["identity_id"]), row["email"], row["state"]) for row in found] == [
        (owner, "boss@example.org", "provisioned")
    ]
    assert mark_of(found[0]["identity_id"]) in str(marks)
