"""Constructs the application from its parts."""

import socket
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import Lifespan

from postroom_sandbox.stalwart import HOSTNAME
from postroom_sandbox.stalwart.accounts import Accounts
from postroom_sandbox.stalwart.admission import Admission
from postroom_sandbox.stalwart.allowed_ips import AllowedIps
from postroom_sandbox.stalwart.authentication import Authentication
from postroom_sandbox.stalwart.bulk_intake import BulkIntake
from postroom_sandbox.stalwart.control_api import ControlApi
from postroom_sandbox.stalwart.credentials import Credentials
from postroom_sandbox.stalwart.default_roles import DefaultRoles
from postroom_sandbox.stalwart.domains import Domains
from postroom_sandbox.stalwart.errors import ProblemError, http_problem
from postroom_sandbox.stalwart.fault_injection import FaultInjection, problem_response
from postroom_sandbox.stalwart.faults import Faults
from postroom_sandbox.stalwart.http_api import HttpApi
from postroom_sandbox.stalwart.intake import Intake
from postroom_sandbox.stalwart.jmap_settings import RAISED_LIMITS, JmapSettings, UploadQuota
from postroom_sandbox.stalwart.mail import Mail
from postroom_sandbox.stalwart.mail.blob_transfer import BlobTransfer
from postroom_sandbox.stalwart.mail_master import ensure_mail_master
from postroom_sandbox.stalwart.mta_settings import ALWAYS_ADDED, FORGING_DISABLED, MtaStageData, SieveUserInterpreter
from postroom_sandbox.stalwart.oidc_provider import OidcProvider
from postroom_sandbox.stalwart.registry import Registry
from postroom_sandbox.stalwart.roles import Roles
from postroom_sandbox.stalwart.service_key import ensure_service_key
from postroom_sandbox.stalwart.store import Store
from postroom_sandbox.stalwart.system_settings import SystemSettings


def create_app(
    state_dir: Path,
    *,
    domains: Sequence[str],
    admin_password: str | None = None,
    api_key: str | None = None,
    mail_master: str | None = None,
    public_url: str | None = None,
    latency_ms: int = 0,
    lmtp_listener: socket.socket,
    welcome: bool = False,
) -> Starlette:
    """The stand-in, with its state in `state_dir`. Its host name is mail.example.org.

    Missing `domains` are created in this order. Without `admin_password` there is no recovery administrator (login
    `admin`). `api_key` becomes a key with the permissions that Postroom documents, `mail_master` the password of the
    account with which Postroom acts for people. `public_url` is the base of the URLs in the session, by default
    `https://` and the host name, as in Stalwart: clients must not follow them blindly. `latency_ms` is added to each
    response. `lmtp_listener` accepts mail. With `welcome`, each new mailbox of a person gets a welcome message.
    """
    store = Store(state_dir)
    known_domains, roles = Domains(store), Roles(store)
    accounts = Accounts(store, known_domains, roles)
    roles.ensure_defaults()
    known_domains.ensure(domains)
    if api_key:
        ensure_service_key(store, known_domains, roles, accounts, api_key)
    if mail_master:
        ensure_mail_master(known_domains, roles, accounts, mail_master)
    object_types = [known_domains, roles, accounts, Credentials(store, "AppPassword"), Credentials(store, "ApiKey")]
    limits = JmapSettings(store, **(RAISED_LIMITS if mail_master else {}))
    stage = MtaStageData(store, **(ALWAYS_ADDED if mail_master else {}))
    scripts = SieveUserInterpreter(store, **(FORGING_DISABLED if mail_master else {}))
    logins = OidcProvider(store)
    object_types += [AllowedIps(store), DefaultRoles(store), logins, SystemSettings(store), limits, stage, scripts]
    counts: Counter[str] = Counter()
    faults = Faults(store)
    authentication = Authentication(store, accounts, logins, admin_password)
    admission = Admission(authentication)
    quota = UploadQuota(limits)
    mail = Mail(store, accounts, known_domains, quota)
    parts = (store, mail, accounts, known_domains, authentication, faults, counts)
    intake = Intake(*parts, HOSTNAME, lmtp_listener, send_welcome=welcome)
    registry = Registry(store, [*object_types, *intake.object_types])
    api = HttpApi(admission, registry, mail, counts, public_url or f"https://{HOSTNAME}", latency_ms)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        async with intake.running():
            yield
        store.close()

    control = ControlApi(store, intake, BulkIntake(store, mail), faults, counts, HOSTNAME)
    transfer = BlobTransfer(admission, mail, quota)
    routes = [*api.routes(), *transfer.routes(), *intake.event_source.routes(), *control.routes()]
    injection = Middleware(FaultInjection, faults=faults, counts=counts, domain_name=known_domains.name_of)
    app = _app(routes, injection, lifespan)
    app.state.mail = mail
    return app


def _app(routes: Sequence[BaseRoute], injection: Middleware, lifespan: Lifespan[Starlette]) -> Starlette:
    handlers = dict.fromkeys((ProblemError, HTTPException, ClientDisconnect), _problem)
    app = Starlette(routes=routes, middleware=[injection], exception_handlers=handlers, lifespan=lifespan)
    app.router.redirect_slashes = False
    return app


async def _problem(request: Request, error: Exception) -> Response:
    """Unknown paths get 404 without authentication. A client that has disconnected gets no response."""
    return problem_response(error if isinstance(error, ProblemError) else http_problem(404), request.scope)
