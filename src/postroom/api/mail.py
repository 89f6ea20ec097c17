"""The endpoints of mail for people: identity, tokens, devices, settings, live events."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from uuid import UUID

from fastapi.routing import APIRoute

from postroom.api.access_tokens import access_tokens_routes
from postroom.api.devices import devices_routes
from postroom.api.live import Live, live_route
from postroom.api.mail_settings import autoconfig_routes, mail_settings_routes
from postroom.api.me import me_routes
from postroom.api.person_settings import person_settings_routes
from postroom.api.realtime import realtime_routes
from postroom.api.stalwart_webhook import StalwartWebhook, stalwart_webhook_route
from postroom.api.unsubscribe import unsubscribe_route
from postroom.api.visitor import fresh_login_only, visitor_of
from postroom.devices.devices import Devices
from postroom.devices.servers import MailServers
from postroom.mailboxes.preparations import Preparations
from postroom.people.access_tokens import TokenMaker
from postroom.people.people import PeopleByCredential
from postroom.people.person_settings import PersonSettings
from postroom.people.ports import AccessTokens
from postroom.realtime.connection_token import CentrifugoForBrowsers
from postroom.realtime.live_streams import LiveStreams
from postroom.unsubscribe.unsubscribing import Unsubscribing


def mail_routes(
    *,
    people: PeopleByCredential,
    preparations: Preparations,
    disconnect: Callable[[UUID], Awaitable[None]],
    token_maker: TokenMaker,
    tokens: AccessTokens,
    devices: Devices,
    person_settings: PersonSettings,
    unsubscribing: Unsubscribing,
    servers: MailServers,
    domains: Sequence[str],
    streams: LiveStreams,
    mark_online: Callable[[UUID], Awaitable[None]],
    mark_offline: Callable[[UUID], Awaitable[None]],
    hears: Callable[[UUID], bool],
    centrifugo: CentrifugoForBrowsers | None,
    stalwart_webhook: StalwartWebhook,
    now: Callable[[], datetime],
) -> list[APIRoute]:
    """`disconnect` is `Publisher.disconnect`, `mark_online`, `mark_offline` and `hears` are of `AccountWatcher`."""
    visiting, read = visitor_of(people), preparations.of
    fresh = fresh_login_only(people, now=now, return_to=people.public_url)
    live = Live(
        streams,
        people,
        preparations,
        mark_online=mark_online,
        mark_offline=mark_offline,
        hears=hears,
        elsewhere=centrifugo is not None,
    )
    return [
        *me_routes(visiting, read, forget=people.forget, disconnect=disconnect),
        *access_tokens_routes(token_maker, tokens, visiting, fresh),
        *devices_routes(devices, servers, visiting, fresh),
        *person_settings_routes(person_settings, visiting),
        unsubscribe_route(unsubscribing, visiting),
        *mail_settings_routes(devices, servers, visiting),
        *autoconfig_routes(domains, servers),
        live_route(live),
        *realtime_routes(visiting, read, centrifugo=centrifugo, mark_online=mark_online, now=now),
        stalwart_webhook_route(stalwart_webhook),
    ]
