"""Identities of Kratos that its admin API makes and changes, and a pass that lists them."""

from typing import Any
from uuid import UUID

from kratos_servers import Kratos
from postroom.composition.parts import Parts


async def identity(kratos: Kratos, name: str) -> UUID:
    body = {"schema_id": "default", "traits": {"email": f"{name}@example.org", "name": name}}
    answer = await kratos.http.post(f"{kratos.admin_url}/admin/identities", json=body)
    return UUID(answer.raise_for_status().json()["id"])


async def change(kratos: Kratos, identity_id: UUID, **values: Any) -> None:
    patch = [{"op": "replace", "path": f"/{path.replace('_', '/')}", "value": each} for path, each in values.items()]
    url = f"{kratos.admin_url}/admin/identities/{identity_id}"
    (await kratos.http.patch(url, json=patch)).raise_for_status()


async def a_pass(parts: Parts) -> None:
    assert parts.sweep
    while True:
        await parts.sweep._swept.put_off(0)
        if await parts.sweep.step() > 10:
            return
