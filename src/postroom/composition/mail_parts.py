"""Builds the mail part of a service: authentication, the gateway, new mail and live events."""

import asyncio
import secrets
from collections.abc import AsyncGenerator, Callable, Collection, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from starlette.routing import BaseRoute

from postroom.api.guessing import Guessing
from postroom.api.mail import mail_routes
from postroom.api.self_service import SelfService, self_service_route
from postroom.api.stalwart_webhook import StalwartWebhook
from postroom.arrivals.account_watcher import AccountWatcher
from postroom.arrivals.arrival_sweep import ArrivalSweep
from postroom.arrivals.arrivals import Arrivals
from postroom.arrivals.outbox_publisher import OutboxPublisher
from postroom.arrivals.ports import Publisher
from postroom.composition.parts import Parts, close
from postroom.devices.devices import Devices
from postroom.devices.servers import mail_servers
from postroom.domain.account_change import Observed
from postroom.gateway.limits import GatewayLimits
from postroom.gateway.upstream import Upstream
from postroom.jmap.identity_names import IdentityNames
from postroom.jmap.mail_changes import JmapMail
from postroom.kratos.identities import KratosIdentities
from postroom.kratos.public_api import KratosPublicApi
from postroom.kratos.sessions import KratosSessions
from postroom.mailboxes.ports import MailAccount
from postroom.mailboxes.preparations import Preparations
from postroom.mailboxes.verified_accounts import VerifiedAccounts
from postroom.people.access_tokens import TokenMaker
from postroom.people.active_identities import ActiveIdentities
from postroom.people.basic_credentials import OwnAddresses
from postroom.people.ended_sessions import EndedSessions
from postroom.people.guess_limiter import GuessLimiter
from postroom.people.people import PeopleByCredential
from postroom.people.ports import AccessTokens
from postroom.people.process_guesses import ProcessGuesses
from postroom.people.token_cache import TokenCache
from postroom.postgres.access_tokens import PostgresAccessTokens
from postroom.postgres.mail_accounts import PostgresMailAccounts
from postroom.postgres.mail_credentials import PostgresMailCredentials
from postroom.postgres.mail_states import PostgresMailStates
from postroom.postgres.mailbox_records import PostgresMailboxRecords
from postroom.postgres.notifications import PostgresNotifications
from postroom.postgres.outbox import PostgresOutbox
from postroom.postgres.person_settings import PostgresPersonSettings
from postroom.process.clock import SystemClock
from postroom.process.loops import Loop
from postroom.process.supervision import supervise
from postroom.queue.guesses import RedisGuesses
from postroom.realtime.connection_token import CentrifugoForBrowsers
from postroom.realtime.live_streams import LiveStreams
from postroom.settings.mail_configuration import centrifugo_of, missing_for_mail, text_of
from postroom.settings.settings import Settings
from postroom.settings.web_urls import origin_of
from postroom.stalwart.app_passwords import StalwartAppPasswords, as_the_person, by_key
from postroom.stalwart.failed_logins import FailedLogins, LoginLimiter
from postroom.stalwart.impersonation import Impersonation, accepted_at
from postroom.stalwart.password_cipher import PasswordCipher
from postroom.stalwart.stored_passwords import StoredPasswords
from postroom.stalwart.webhook import WebhookReader
from postroom.unsubscribe.list_mail import JmapListMail
from postroom.unsubscribe.list_server import ListServerHttp, trial_list_server
from postroom.unsubscribe.unsubscribing import Unsubscribing
from postroom.web.interface import Place


@dataclass(frozen=True, slots=True)
class MailParts:
    """`routes` and what the gateway and the interface need, for the application; `loops` run concurrently with it."""

    routes: Sequence[BaseRoute]
    people: PeopleByCredential
    accounts: VerifiedAccounts
    upstream: Upstream
    streams: LiveStreams
    place: Place
    loops: Sequence[Loop]


def supervised(**parts: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> list[Loop]:
    """A loop that fails starts again, so that provisioning in the same process goes on."""
    return [Loop(name, partial(supervise, name, run)) for name, run in parts.items()]


async def ask_for_master(master: Impersonation | None, stop: asyncio.Event) -> None:
    """Report a wrong password of the master account at the start, not when the first person comes."""
    if master:
        await master.is_accepted()
    await stop.wait()


def _let_names_follow(parts: Parts, mail: JmapMail) -> None:
    """Give a person's identities the name that the account gets."""
    names = IdentityNames(mail)

    async def follow(identity_id: UUID, account: Observed, given: Collection[str]) -> None:
        if account.name:
            await names.follow(MailAccount(identity_id, account.email, account.account_id), account.name, given=given)

    if parts.changes:
        parts.changes.renamed = follow


@asynccontextmanager
async def mail_connected(parts: Parts) -> AsyncGenerator[MailParts | None]:
    """None where mail for people is not configured. Raises `ConfigurationError`."""
    settings = parts.settings
    if missing_for_mail(settings) or not settings.kratos_public_url:
        yield None
        return
    clock, pool, beats = SystemClock(), parts.pool, parts.heartbeats
    mailboxes = PostgresMailAccounts(pool, follows=settings.follows_identities)
    accounts, states = VerifiedAccounts(mailboxes, parts.inspection.lookup), PostgresMailStates(pool)
    outbox, key = PostgresOutbox(pool), text_of(settings.stalwart_webhook_key)
    tokens = TokenCache(PostgresAccessTokens(pool), now=clock.now)
    authorization, devices, master = _authorization(parts, accounts)
    async with AsyncExitStack() as stack:
        addresses = OwnAddresses(parts.requests.read)
        people = _people(settings, settings.kratos_public_url, tokens, addresses, stack)
        upstream = Upstream(settings.stalwart_url, authorization, limits=GatewayLimits())
        mail = JmapMail(settings.stalwart_url, authorization)
        list_server = ListServerHttp(trial=trial_list_server(settings.trial_list_server))
        for each in (upstream, mail, list_server):
            stack.push_async_callback(close, each.aclose)
        _let_names_follow(parts, mail)
        streams = LiveStreams(
            outbox, _notifications(parts, tokens), ended=people.forget_person, moved=authorization.forget
        )
        publisher, browsers = _publisher(settings, streams, stack)
        outbox_publisher = OutboxPublisher(outbox, publisher, beat=beats.of("outbox_publisher"))
        arrivals = Arrivals(states, mail, outbox_publisher.wake, now=clock.now, beat=beats.of("arrivals"))
        listener = mail if settings.mail_eventsource else None
        watching = AccountWatcher(accounts, states, arrivals, listener, hooked=bool(key), beat=beats.of("watching"))
        preparations = _preparations(parts, clock)
        routes = mail_routes(
            people=people,
            preparations=preparations,
            disconnect=publisher.disconnect,
            token_maker=TokenMaker(tokens, new_id=uuid4, random_bytes=secrets.token_bytes, now=clock.now),
            tokens=tokens,
            devices=devices,
            person_settings=PostgresPersonSettings(pool),
            unsubscribing=Unsubscribing(accounts, JmapListMail(mail), list_server, authserv_id=settings.authserv_id),
            servers=mail_servers(settings.stalwart_url, settings.imap_server, settings.submission_server),
            domains=settings.domains,
            streams=streams,
            mark_online=watching.mark_online,
            mark_offline=watching.mark_offline,
            hears=watching.hears,
            centrifugo=browsers,
            stalwart_webhook=StalwartWebhook(WebhookReader(key) if key else None, arrivals.hint),
            now=clock.now,
        )
        loops = supervised(
            streams=streams.run,
            preparations=preparations.run,
            outbox_publisher=outbox_publisher.run,
            arrivals=arrivals.run,
            watching=watching.run,
            arrival_sweep=ArrivalSweep(states, arrivals, parts.leadership, beat=beats.of("arrival_sweep")).run,
            master=partial(ask_for_master, master),
        )
        routes = [*routes, _self_service(parts, settings.kratos_public_url, people, (streams, publisher), stack)]
        yield MailParts(routes, people, accounts, upstream, streams, _place(settings, browsers), loops)


def _publisher(
    settings: Settings, streams: LiveStreams, stack: AsyncExitStack
) -> tuple[Publisher, CentrifugoForBrowsers | None]:
    if not (centrifugo := centrifugo_of(settings)):
        return streams, None
    stack.push_async_callback(close, centrifugo[0].aclose)
    return centrifugo


def _notifications(parts: Parts, tokens: TokenCache) -> PostgresNotifications:
    return PostgresNotifications(parts.pool, parts.settings.database_url.get_secret_value(), tokens)


def _preparations(parts: Parts, clock: SystemClock) -> Preparations:
    return Preparations(
        PostgresMailboxRecords(parts.pool, now=clock.now),
        sweep_seconds=parts.settings.sweep_seconds if parts.sweep else None,
        domains=parts.settings.domains,
        beat=parts.heartbeats.of("preparations"),
    )


def _people(
    settings: Settings, kratos_url: str, tokens: AccessTokens, addresses: OwnAddresses, stack: AsyncExitStack
) -> PeopleByCredential:
    sessions = KratosSessions(kratos_url, SystemClock(), cookie_name=settings.session_cookie)
    stack.push_async_callback(close, sessions.aclose)
    identities: ActiveIdentities | None = None
    if settings.kratos_admin_url:
        admin = KratosIdentities(settings.kratos_admin_url)
        stack.push_async_callback(close, admin.aclose)
        identities = ActiveIdentities(admin)
    return PeopleByCredential(
        sessions,
        tokens,
        identities,
        addresses=addresses,
        cookie_name=settings.session_cookie,
        public_url=settings.public_url,
        origins=settings.cors_origins,
    )


def _place(settings: Settings, centrifugo: CentrifugoForBrowsers | None) -> Place:
    connects = [origin_of(centrifugo.url)] if centrifugo else []
    return Place(settings.public_url, connects, keeps=settings.keep_interface)


def _self_service(
    parts: Parts,
    kratos_url: str,
    people: PeopleByCredential,
    publishers: Sequence[Publisher],
    stack: AsyncExitStack,
) -> BaseRoute:
    settings, kratos = parts.settings, KratosPublicApi(kratos_url)
    stack.push_async_callback(close, kratos.aclose)
    guesses = RedisGuesses(parts.redis) if parts.redis else ProcessGuesses()
    limiter = GuessLimiter(guesses, now=SystemClock().now, new_id=partial(secrets.token_hex, 8))
    service = SelfService(
        kratos,
        people=people,
        guessing=Guessing(limiter, session_cookie=settings.session_cookie),
        sessions_ended=EndedSessions(people.forget_person, publishers).disconnect,
        session_cookie=settings.session_cookie,
        public_url=settings.public_url,
        proxies=settings.trusted_proxies,
    )
    return self_service_route(service)


def _authorization(parts: Parts, accounts: VerifiedAccounts) -> tuple[LoginLimiter, Devices, Impersonation | None]:
    """How we act for a person, how a person's devices log in, and the master account if there is one."""
    settings = parts.settings
    failed = FailedLogins(settings.failed_logins_a_day)
    if settings.mail_master:
        accepts = accepted_at(settings.stalwart_url)
        master = Impersonation(settings.mail_master.get_secret_value(), accepts, failed=failed)
        acting = LoginLimiter(master, failed)
        as_people = StalwartAppPasswords(parts.mail_server, as_the_person(settings.stalwart_url, acting))
        return acting, Devices(accounts, as_people, None), master
    credentials = PostgresMailCredentials(parts.pool)
    app_passwords = StalwartAppPasswords(parts.mail_server, by_key(parts.stalwart, accounts.require))
    cipher = PasswordCipher(text_of(settings.encryption_key), text_of(settings.encryption_key_previous) or None)
    acting = LoginLimiter(StoredPasswords(app_passwords, credentials, cipher), failed)
    return acting, Devices(accounts, app_passwords, credentials), None
