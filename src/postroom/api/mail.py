"""The endpoints of mail for people: identity, tokens, devices, live events."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from uuid import UUID

from fastapi.routing import APIRoute

from postroom.api.access_tokens import access_tokens_routes
from postroom.api.devices import devices_routes
from postroom.api.live import Live, live_route
from postroom.api.mail_settings import autoconfig_routes, mail_settings_routes
from postroom.api.me import LastRefusal, Read, mailbox_json, me_routes
from postroom.api.realtime import realtime_routes
from postroom.api.stalwart_webhook import StalwartWebhook, stalwart_webhook_route
from postroom.api.visitor import fresh_login_only, visitor_of
from postroom.mail.access_tokens import TokenMaker
from postroom.mail.devices import Devices
from postroom.mail.people import PeopleByCredential
from postroom.mail.ports import AccessTokens
from postroom.mail.servers import MailServers
from postroom.realtime.connection_token import CentrifugoForBrowsers
from postroom.realtime.live_streams import LiveStreams


def mail_routes(
    *,
    people: PeopleByCredential,
    read: Read,
    last_refusal: LastRefusal,
    disconnect: Callable[[UUID], Awaitable[None]],
    token_maker: TokenMaker,
    tokens: AccessTokens,
    devices: Devices,
    servers: MailServers,
    domains: Sequence[str],
    streams: LiveStreams,
    mark_online: Callable[[UUID], Awaitable[None]],
    mark_offline: Callable[[UUID], Awaitable[None]],
    centrifugo: CentrifugoForBrowsers | None,
    stalwart_webhook: StalwartWebhook,
    now: Callable[[], datetime],
) -> list[APIRoute]:
    """`read` is `Requests.read`, `last_refusal` is `PostgresRefusals.last`, `disconnect` is `Publisher.disconnect`,
    `mark_online` and `mark_offline` are those of `AccountWatcher`."""
    visiting, mailbox = visitor_of(people), mailbox_json(read, last_refusal)
    fresh = fresh_login_only(people, now=now, return_to=people.public_url)
    live = Live(
        streams, people, mailbox, mark_online=mark_online, mark_offline=mark_offline, elsewhere=centrifugo is not None
    )
    return [
        *me_routes(visiting, read, last_refusal, forget=people.forget, disconnect=disconnect),
        *access_tokens_routes(token_maker, tokens, visiting, fresh),
        *devices_routes(devices, servers, visiting, fresh),
        *mail_settings_routes(devices, servers, visiting),
        *autoconfig_routes(domains, servers),
        live_route(live),
        *realtime_routes(visiting, mailbox, centrifugo=centrifugo, mark_online=mark_online, now=now),
        stalwart_webhook_route(stalwart_webhook),
    ]
