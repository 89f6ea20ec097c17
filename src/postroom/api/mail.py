"""The endpoints of mail for people: who one is, tokens, devices, what is new."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from fastapi import APIRouter

from postroom.api.access_tokens import access_tokens_router
from postroom.api.devices import devices_router
from postroom.api.live import Live, live_router
from postroom.api.mail_settings import autoconfig_router, mail_settings_router
from postroom.api.me import LastRefusal, Read, mailbox_json, me_router
from postroom.api.realtime import CentrifugoForBrowsers, realtime_router
from postroom.api.stalwart_hook import StalwartHook, stalwart_hook_router
from postroom.api.visitor import visitor_of
from postroom.mail.access_tokens import TokenMaker
from postroom.mail.devices import Devices
from postroom.mail.people import PeopleByCredential
from postroom.mail.ports import AccessTokens
from postroom.mail.servers import MailServers
from postroom.realtime.live_streams import LiveStreams


@dataclass(frozen=True, slots=True)
class MailApi:
    """What the endpoints need. `read` is `Requests.read`, `last_refusal` is `Refusals.last`, `disconnect` is
    `Announcer.disconnect`; `on_line` and `off_line` are told who looks at a screen."""

    people: PeopleByCredential
    read: Read
    last_refusal: LastRefusal
    disconnect: Callable[[UUID], Awaitable[None]]
    token_maker: TokenMaker
    tokens: AccessTokens
    devices: Devices
    servers: MailServers
    domains: Sequence[str]
    streams: LiveStreams
    on_line: Callable[[UUID], Awaitable[None]]
    off_line: Callable[[UUID], Awaitable[None]]
    centrifugo: CentrifugoForBrowsers | None
    stalwart_hook: StalwartHook
    now: Callable[[], datetime]


def mail_routers(parts: MailApi) -> list[APIRouter]:
    visiting = visitor_of(parts.people)
    mailbox = mailbox_json(parts.read, parts.last_refusal)
    live = Live(
        parts.streams,
        parts.people,
        mailbox,
        on_line=parts.on_line,
        off_line=parts.off_line,
        elsewhere=parts.centrifugo is not None,
    )
    return [
        me_router(
            visiting,
            parts.read,
            parts.last_refusal,
            forget=parts.people.forget,
            disconnect=parts.disconnect,
        ),
        access_tokens_router(parts.token_maker, parts.tokens, visiting),
        devices_router(parts.devices, parts.servers, visiting),
        mail_settings_router(parts.devices, parts.servers, visiting),
        autoconfig_router(parts.domains, parts.servers),
        live_router(live),
        realtime_router(visiting, mailbox, centrifugo=parts.centrifugo, on_line=parts.on_line, now=parts.now),
        stalwart_hook_router(parts.stalwart_hook),
    ]
