"""The settings of mail programs: for a person to read or scan, and for programs that discover them automatically."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute

from postroom.api.visitor import PROBLEMS_OF_VISITORS, Visiting
from postroom.devices.apple_profile import apple_profile
from postroom.devices.autoconfig import autoconfig
from postroom.devices.devices import Devices
from postroom.devices.servers import MailServers, Server
from postroom.devices.transfer_code import transfer_code
from postroom.domain.address import normalise_domain
from postroom.domain.person import Scope
from postroom.errors import Refused
from postroom.http.problems import IN_OPENAPI, problem
from postroom.mailboxes.ports import MailAccount
from postroom.people.people import require_scope
from postroom.people.ports import Visitor

PRIVATE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}

_AUTOCONFIG = ("/.well-known/autoconfig/mail/config-v1.1.xml", "/mail/config-v1.1.xml")


def settings_of(email: str, servers: MailServers) -> dict[str, Any]:
    """Settings to enter in a mail program; the password is an app password."""

    def one(server: Server) -> dict[str, Any]:
        return {"host": server.host, "port": server.port, "security": "tls", "username": email}

    return {"email": email, "imap": one(servers.imap), "smtp": one(servers.submission)}


def mail_settings_routes(devices: Devices, servers: MailServers, visiting: Visiting) -> list[APIRoute]:
    async def account(visitor: Annotated[Visitor, Depends(visiting)]) -> MailAccount:
        require_scope(visitor.person, Scope.READ)
        return await devices.account(visitor.person.identity_id)

    async def settings(account: Annotated[MailAccount, Depends(account)]) -> JSONResponse:
        """The servers, ports and user name for a mail program."""
        return JSONResponse(settings_of(account.email, servers), headers=PRIVATE)

    async def code(account: Annotated[MailAccount, Depends(account)]) -> Response:
        """The settings as a QR code for Thunderbird for Android, without a password."""
        drawn = transfer_code(account.email, servers)
        return Response(drawn, media_type="image/svg+xml", headers=PRIVATE)

    async def profile(account: Annotated[MailAccount, Depends(account)]) -> Response:
        """The settings as a configuration profile for iPhone, iPad and Mac, without a password."""
        headers = PRIVATE | {"Content-Disposition": 'attachment; filename="mail.mobileconfig"'}
        written = apple_profile(account, servers)
        return Response(written, media_type="application/x-apple-aspen-config", headers=headers)

    path, responses = "/api/mail-settings", PROBLEMS_OF_VISITORS
    return [
        APIRoute(path, settings, methods=["GET"], responses=responses),
        APIRoute(f"{path}/qr.svg", code, methods=["GET"], response_class=Response, responses=responses),
        APIRoute(f"{path}/apple.mobileconfig", profile, methods=["GET"], response_class=Response, responses=responses),
    ]


def autoconfig_routes(domains: Sequence[str], servers: MailServers) -> list[APIRoute]:
    """Public, since a mail program has no password yet. The response names only the requested domain: a list of all
    would be a list of the customers."""

    async def config(request: Request, emailaddress: str = "") -> Response:
        """The servers for the domain of an address, whether or not the address exists."""
        domain = _domain_asked_for(emailaddress, request.url.hostname or "", domains)
        if domain is None:
            raise problem("domain_not_served", "this domain is not served here", status=404)
        headers = {"Cache-Control": "public, max-age=3600"}
        return Response(autoconfig(domain, servers), media_type="application/xml", headers=headers)

    responses: dict[int | str, dict[str, Any]] = {
        200: {"content": {"application/xml": {}}},
        "4XX": {"description": "This domain is not served here", **IN_OPENAPI},
    }
    return [
        APIRoute(path, config, methods=["GET"], response_class=Response, responses=responses) for path in _AUTOCONFIG
    ]


def _domain_asked_for(address: str, host: str, domains: Sequence[str]) -> str | None:
    for asked in (address.rpartition("@")[2], host.removeprefix("autoconfig."), host):
        try:
            domain = normalise_domain(asked)
        except Refused:
            continue
        if domain in domains:
            return domain
    # A proxy may have replaced the Host header. If there is only one domain, it must be that one.
    return domains[0] if len(domains) == 1 and not address else None
