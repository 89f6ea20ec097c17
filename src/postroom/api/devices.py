"""`/api/devices`: a person's mail programs, each with its own app password, which is shown once."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field

from postroom.api.body import read_body
from postroom.api.mail_settings import PRIVATE, settings_of
from postroom.api.visitor import PROBLEMS_OF_VISITORS, Visiting, session_only
from postroom.devices.app_passwords import AppPassword
from postroom.devices.devices import Devices
from postroom.devices.servers import MailServers
from postroom.devices.transfer_code import transfer_code
from postroom.people.ports import Visitor

LONGEST_DAYS = 3650


class DeviceForm(BaseModel):
    """`expires_in_days` None: until it is revoked."""

    model_config = ConfigDict(extra="forbid")

    name: str
    expires_in_days: int | None = Field(None, ge=1, le=LONGEST_DAYS, strict=True)


def devices_routes(devices: Devices, servers: MailServers, visiting: Visiting, fresh: Visiting) -> list[APIRoute]:
    """`fresh` is `fresh_login_only`."""
    visiting = session_only(visiting)

    async def listed(visitor: Annotated[Visitor, Depends(visiting)]) -> JSONResponse:
        """List the devices, oldest first, without secrets. `limit` is how many the mail server usually allows."""
        found = await devices.of(visitor.person.identity_id)
        content = {"devices": [_shown(each) for each in found], "limit": devices.usual_limit}
        return JSONResponse(content, headers=PRIVATE)

    async def connect(request: Request, visitor: Annotated[Visitor, Depends(fresh)]) -> JSONResponse:
        """Make an app password, with all settings for the mail program. The secret is shown only once."""
        form = await read_body(request, DeviceForm)
        account = await devices.account(visitor.person.identity_id)
        made = await devices.connect(account.identity_id, form.name, form.expires_in_days)
        content = {
            **_shown(made.app_password),
            "secret": made.secret,
            "settings": settings_of(account.email, servers),
            # Includes the password, which is shown anyway: nobody likes to type 36 characters into a phone.
            "qr_svg": transfer_code(account.email, servers, made.secret),
        }
        return JSONResponse(content, status_code=201, headers=PRIVATE)

    async def disconnect(device_id: str, visitor: Annotated[Visitor, Depends(visiting)]) -> Response:
        """Revoke the app password of a mail program."""
        await devices.disconnect(visitor.person.identity_id, device_id)
        return Response(status_code=204)

    path, responses = "/api/devices", PROBLEMS_OF_VISITORS
    return [
        APIRoute(path, listed, methods=["GET"], responses=responses),
        APIRoute(path, connect, methods=["POST"], status_code=201, openapi_extra=_BODY, responses=responses),
        APIRoute(f"{path}/{{device_id}}", disconnect, methods=["DELETE"], status_code=204, responses=responses),
    ]


_BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": DeviceForm.model_json_schema()}}}
}


def _shown(device: AppPassword) -> dict[str, Any]:
    return {
        "id": device.id,
        "name": device.name,
        "created_at": _utc(device.created_at),
        "expires_at": None if device.expires_at is None else _utc(device.expires_at),
    }


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
