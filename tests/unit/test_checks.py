"""The findings of `postroom check`, and the URL of a webhook."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from postroom.checks.authserv_id import of_names
from postroom.checks.connections import Allowed, of_connections
from postroom.checks.database import heard_by_itself
from postroom.checks.finding import Finding, joined
from postroom.checks.kratos import kratos_admin, kratos_public
from postroom.checks.kratos_flows import kratos_flows
from postroom.checks.mail import mail
from postroom.checks.mail_master import of_master, of_refusal
from postroom.checks.mail_server import GRANTED, of_create, of_key, of_problem, of_write
from postroom.checks.realtime import realtime
from postroom.checks.webhook import of_change, of_none, of_state
from postroom.errors import ConfigurationError, MailServerError, Misconfigured, Permanent, Throttled, Transient
from postroom.settings.environment import load
from postroom.settings.mail_configuration import stalwart_webhook_url
from postroom.settings.settings import Settings
from postroom.setup.service_account import ROLE
from postroom.stalwart.health_check import NotWritten
from postroom.stalwart.permissions import PROVISIONING, ROLE_USER
from postroom.stalwart.webhook_setup import WebhookState
from scripted_upstream import http_answer, json_answer, scripted_upstream

PATH = "/internal/mail/stalwart"
URL = f"http://127.0.0.1:3001{PATH}"
ENOUGH = {
    "DATABASE_URL": "postgresql://postroom@127.0.0.1/postroom",
    "STALWART_URL": "http://127.0.0.1:8080",
    "STALWART_API_KEY": "API_key",
    "WEBHOOK_KEY": "0123456789abcdef",
    "DOMAINS": "example.org",
}
STALWART = "http://127.0.0.1:8080"
KEY = "A" * 43 + "="
PUBLIC = {
    "KRATOS_PUBLIC_URL": "http://127.0.0.1:4433",
    "PUBLIC_URL": "https://mail.example.org",
    "TRUSTED_PROXIES": "127.0.0.1",
}
MASTER = {"MAIL_MASTER": "master@example.org:secret"}


def settings(**more: str) -> Settings:
    return load({f"POSTROOM_{name}": value for name, value in (ENOUGH | more).items()})


# The URL of the webhook


@pytest.mark.parametrize(
    ("more", "url"),
    [
        ({}, URL),
        ({"STALWART_URL": "http://localhost:8080"}, URL),
        ({"STALWART_URL": "http://[::1]:8080", "HOST": "::", "PORT": "8000"}, f"http://127.0.0.1:8000{PATH}"),
        ({"HOST": "10.0.0.5"}, f"http://10.0.0.5:3001{PATH}"),
        ({"HOST": "::1"}, f"http://[::1]:3001{PATH}"),
        ({"PUBLIC_URL": "https://mail.example.org"}, URL),
        (
            {"STALWART_URL": "https://stalwart.example.org", "PUBLIC_URL": "https://mail.example.org/"},
            f"https://mail.example.org{PATH}",
        ),
        ({"STALWART_WEBHOOK_URL": "http://10.0.0.5:3001/elsewhere"}, "http://10.0.0.5:3001/elsewhere"),
    ],
)
def test_webhook_url_is_loopback_for_a_local_mail_server_and_else_the_public_url(
    more: dict[str, str], url: str
) -> None:
    assert stalwart_webhook_url(settings(**more)) == url


@pytest.mark.parametrize("more", [{"STALWART_URL": "https://stalwart.example.org"}, {"PORT": "0"}])
def test_webhook_url_setting_is_required_if_the_url_cannot_be_derived(more: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="POSTROOM_STALWART_WEBHOOK_URL"):
        stalwart_webhook_url(settings(**more))


# The create probe


@pytest.mark.parametrize(
    ("problem", "state", "words", "fix"),
    [
        (None, "ok", "postroom-probe@example.org", ""),
        (Permanent("invalidProperties: quotas"), "error", "invalidProperties: quotas", "update Postroom"),
        (Transient("no domain", fix="add it"), "error", "no domain", "add it"),
        (Throttled("429"), "warning", "429", "again"),
    ],
    ids=str,
)
def test_check_of_creates_says_why_no_mailbox_can_be_made(
    problem: MailServerError | None, state: str, words: str, fix: str
) -> None:
    found = of_create(problem, "example.org")
    assert (found.part, found.state) == ("mail server create", state)
    assert words in found.details
    assert fix in found.fix


# The settings of mail


@pytest.mark.parametrize(
    ("more", "state", "words"),
    [
        ({}, "ok", "POSTROOM_KRATOS_PUBLIC_URL and POSTROOM_MAIL_MASTER or POSTROOM_ENCRYPTION_KEY"),
        ({"KRATOS_PUBLIC_URL": "http://127.0.0.1:4433"}, "ok", "POSTROOM_MAIL_MASTER or POSTROOM_ENCRYPTION_KEY"),
        (MASTER, "error", "POSTROOM_KRATOS_PUBLIC_URL"),
        ({"ENCRYPTION_KEY": KEY}, "error", "POSTROOM_KRATOS_PUBLIC_URL"),
        ({"STALWART_WEBHOOK_KEY": "k" * 32, "KRATOS_PUBLIC_URL": "http://x"}, "error", "POSTROOM_MAIL_MASTER"),
        ({"CENTRIFUGO_URL": "wss://x"}, "error", "POSTROOM_KRATOS_PUBLIC_URL"),
        (PUBLIC | MASTER, "ok", ""),
        (PUBLIC | {"ENCRYPTION_KEY": KEY}, "ok", ""),
    ],
)
def test_check_names_missing_mail_settings_and_is_wrong_if_only_some_are_set(
    more: dict[str, str], state: str, words: str
) -> None:
    found = mail(settings(**more))[0]
    assert (found.part, found.state) == ("mail", state)
    assert words in found.fix
    assert found.details.startswith("off") == bool(words)


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"MAIL_MASTER": "master"}, "POSTROOM_MAIL_MASTER"),
        ({"ENCRYPTION_KEY": "short"}, "POSTROOM_ENCRYPTION_KEY"),
        ({"ENCRYPTION_KEY": KEY, "ENCRYPTION_KEY_PREVIOUS": "short"}, "POSTROOM_ENCRYPTION_KEY_PREVIOUS"),
        (MASTER | {"IMAP_SERVER": "a b"}, "POSTROOM_IMAP_SERVER"),
        (MASTER | {"CENTRIFUGO_URL": "wss://x"}, "POSTROOM_CENTRIFUGO_API_KEY"),
    ],
)
def test_check_is_wrong_for_settings_that_prevent_the_start(more: dict[str, str], named: str) -> None:
    wrong = [each for each in mail(settings(**PUBLIC, **more)) if each.state == "error"]
    assert [named in each.details for each in wrong] == [True]
    assert "secret" not in wrong[0].details


def test_check_reports_a_proxy_that_is_not_named() -> None:
    """Postroom speaks no TLS, so something else does."""
    unnamed = {name: value for name, value in PUBLIC.items() if name != "TRUSTED_PROXIES"}
    [problem] = [each for each in mail(settings(**MASTER, **unnamed)) if each.state != "ok"]
    assert (problem.state, "POSTROOM_TRUSTED_PROXIES" in problem.details) == ("error", True)
    assert all(each.state == "ok" for each in mail(settings(**MASTER, **unnamed | {"PUBLIC_URL": "http://localhost"})))


def test_check_warns_of_mail_without_a_public_url() -> None:
    more = MASTER | {"KRATOS_PUBLIC_URL": PUBLIC["KRATOS_PUBLIC_URL"]}
    assert [each.state for each in mail(settings(**more))] == ["ok", "warning"]


@pytest.mark.parametrize(("theirs", "state"), [("MX.example.org", "ok"), ("mail.example.org", "warning")])
def test_check_reports_an_authserv_id_that_is_not_the_host_name_of_the_mail_server(theirs: str, state: str) -> None:
    found = of_names("mx.example.org", theirs)
    assert (found.state, theirs in found.fix) == (state, state != "ok")


# The permissions of our key


@pytest.mark.parametrize(
    ("held", "with_app_passwords", "state", "words"),
    [
        (PROVISIONING | GRANTED, False, "ok", "245 permissions"),
        (PROVISIONING | GRANTED | {"impersonate"}, False, "warning", "needs: impersonate"),
        (PROVISIONING | GRANTED, True, "error", "lacks impersonate:"),
        (PROVISIONING | GRANTED | {"impersonate"}, True, "ok", "246 permissions"),
        (PROVISIONING | GRANTED | {"impersonate", "sysAccountDestroy"}, True, "warning", "needs: sysAccountDestroy"),
        (PROVISIONING | GRANTED | {"sysWebHookCreate"}, False, "warning", "sysWebHookCreate"),
        (PROVISIONING | GRANTED | {"sysWebHookGet", "sysWebHookQuery"}, False, "ok", ""),
    ],
)
def test_key_should_have_impersonate_only_if_it_makes_app_passwords(
    held: frozenset[str], with_app_passwords: bool, state: str, words: str
) -> None:
    found = of_key(held, STALWART, has_account=True, with_app_passwords=with_app_passwords)
    assert found.state == state
    assert words in found.details


@pytest.mark.parametrize("missing", sorted(PROVISIONING | GRANTED))
def test_check_names_each_permission_that_the_key_lacks(missing: str) -> None:
    found = of_key((PROVISIONING | GRANTED) - {missing}, STALWART, has_account=True, with_app_passwords=False)
    assert (found.state, found.details) == ("error", f"our key lacks {missing}")


def test_finding_for_a_key_that_lacks_a_complete_role_names_the_role() -> None:
    found = of_key(PROVISIONING - {"sysAccountUpdate"}, STALWART, has_account=True, with_app_passwords=False)
    assert found.details == "our key lacks sysAccountUpdate and all of the role User"


def test_check_does_not_demand_unlisted_permissions_of_the_recovery_administrator() -> None:
    found = of_key(PROVISIONING | {"impersonate"}, STALWART, has_account=False, with_app_passwords=True)
    assert found.state == "ok"


@pytest.mark.parametrize(
    ("found", "state"),
    [
        (of_write(None), "ok"),
        (of_write(NotWritten("our key belongs to no account", has_account=False)), "warning"),
        (of_write(NotWritten("mail server forbids it", has_account=True)), "error"),
        (of_problem(Throttled("mail server answered 429"), STALWART), "warning"),
        (of_problem(Transient("mail server answered 503"), STALWART), "error"),
    ],
)
def test_a_server_that_was_not_seen_to_write_or_is_in_trouble_is_reported(found: Finding, state: str) -> None:
    """One that throttles us is no error."""
    assert found.state == state


@pytest.mark.parametrize("why", ["our key belongs to no account", "mail server forbids it"])
def test_finding_about_writing_says_why_it_was_not_seen(why: str) -> None:
    assert of_write(NotWritten(why, has_account=True)).details.endswith(why)


def test_what_the_role_user_grants_is_needed_as_far_as_stalwart_shows_it() -> None:
    assert GRANTED < ROLE_USER < ROLE
    assert len(ROLE_USER) == 244


@pytest.mark.parametrize(
    ("held", "state", "words"),
    [
        ({"authenticate", "impersonate"}, None, ""),
        ({"authenticate"}, "error", "lacks impersonate"),
        (set[str](), "error", "lacks authenticate, impersonate"),
        ({"authenticate", "impersonate", "sysAccountDestroy"}, "warning", "sysAccountDestroy"),
    ],
)
def test_check_reports_missing_and_excess_permissions_of_the_master_account(
    held: set[str], state: str | None, words: str
) -> None:
    found = of_master("master@example.org", frozenset(held))
    assert (found.state if found else None) == state
    assert words in (found.details if found else "")


def test_a_refused_master_account_differs_from_a_mail_server_in_trouble() -> None:
    refused = of_refusal("master@example.org", Misconfigured("our key (401)", unauthorized=True))
    unavailable = of_refusal("master@example.org", Transient("mail server answered 503"))
    assert "a wrong password" in refused.details
    assert "bans" in refused.fix
    assert "503" in unavailable.details
    assert "password" not in unavailable.details


# The webhook at Stalwart


@pytest.mark.parametrize(
    ("found", "state", "words"),
    [
        (WebhookState(["a"], {}), "ok", URL),
        (WebhookState([], {}), "error", f"none calls {URL}"),
        (WebhookState([], {}, ["http://x/1", "http://y/1"]), "error", "others call http://x/1 and http://y/1"),
        (WebhookState(["a", "b"], {}), "warning", "2 call"),
        (WebhookState(["a"], {"throttle": "1000"}), "warning", "throttle: 1000"),
        (WebhookState(["a"], {"enable": "false"}), "error", "enable: false"),
        (WebhookState(["a"], {"events": "none", "throttle": "1000"}), "error", "events: none, throttle: 1000"),
        (WebhookState(["a"], {"signatureKey": "none"}), "error", "signatureKey: none"),
    ],
)
def test_each_way_in_which_a_webhook_is_not_ours_has_its_fix(found: WebhookState, state: str, words: str) -> None:
    finding = of_state(found, URL)
    assert finding.state == state
    assert words in finding.details
    assert ("--fix" in finding.fix) == (state != "ok")


@pytest.mark.parametrize(("listens", "state"), [("true", "ok"), ("false", "error")])
def test_check_accepts_the_event_source_in_place_of_a_webhook(listens: str, state: str) -> None:
    assert of_none(settings(MAIL_EVENTSOURCE=listens)).state == state


@pytest.mark.parametrize(
    ("before", "change"),
    [
        (WebhookState([], {}), f"a webhook that calls {URL}"),
        (WebhookState([], {}, ["http://x/1"]), f"a webhook that calls {URL}; not changed: those that call http://x/1"),
        (WebhookState(["a"], {}), f"the webhook that calls {URL}, recreated with our key"),
        (
            WebhookState(["a", "b"], {"throttle": "1000"}),
            f"one webhook instead of 2 that calls {URL}, recreated with our key, which had throttle: 1000",
        ),
    ],
)
def test_a_fix_says_what_it_changes(before: WebhookState, change: str) -> None:
    assert of_change(before, URL) == change


# Centrifugo


CENTRIFUGO = {
    "CENTRIFUGO_URL": "wss://mail.example.org/connection/websocket",
    "CENTRIFUGO_API_KEY": "key-that-nobody-may-read",
    "CENTRIFUGO_TOKEN_KEY": "t" * 32,
}


@pytest.mark.parametrize(
    ("answer", "state", "words"),
    [
        (json_answer({"result": {"nodes": [{}]}}), "ok", ": 1; browsers connect to wss://"),
        (json_answer({}, 401), "error", "refuses our key (401)"),
        (json_answer({}, 404), "error", "Centrifugo answered 404"),
        (http_answer(200, b"<html>"), "error", "not a JSON object"),
        (json_answer({"error": {"code": 102, "message": "unknown channel"}}), "error", "unknown channel"),
    ],
)
async def test_centrifugo_check_sends_the_key_but_never_shows_it(answer: bytes, state: str, words: str) -> None:
    async with scripted_upstream(answer) as server:
        (found,) = await realtime(settings(**CENTRIFUGO, CENTRIFUGO_API_URL=server.url))
        assert server.asked[0].header("x-api-key") == CENTRIFUGO["CENTRIFUGO_API_KEY"]
    assert (found.part, found.state) == ("centrifugo", state)
    assert words in found.details
    assert CENTRIFUGO["CENTRIFUGO_API_KEY"] not in found.details + found.fix


async def test_check_accepts_live_streams_without_centrifugo() -> None:
    (found,) = await realtime(settings())
    assert (found.part, found.state) == ("realtime", "ok")
    assert await realtime(settings(CENTRIFUGO_URL="wss://x")) == []  # The finding about mail reports it.


# Kratos


async def kratos(settings: Settings) -> list[Finding]:
    return [await kratos_public(settings), await kratos_admin(settings)]


READY = json_answer({"status": "ok"})


@pytest.mark.parametrize(
    ("more", "state"), [(MASTER, "error"), ({}, "warning")], ids=["people read their mail", "mailboxes are made only"]
)
async def test_check_reports_kratos_not_being_ready(more: dict[str, str], state: str) -> None:
    async with scripted_upstream() as server:
        urls = {"KRATOS_PUBLIC_URL": f"{server.url}/", "KRATOS_ADMIN_URL": server.url}
        server.will(READY)
        assert [each.state for each in await kratos(settings(**urls, **more))] == ["ok", "ok"]
        assert [asked.target for asked in server.asked] == ["/health/ready", "/admin/health/ready"]
        server.will(json_answer({"errors": {}}, 503))
        found = await kratos(settings(**urls, **more))
    assert [(each.part, each.state) for each in found] == [("kratos public", state), ("kratos admin", "warning")]
    # Kratos listens no longer.
    assert [each.state for each in await kratos(settings(**urls, **more))] == [state, "warning"]
    assert [each.state for each in await kratos(settings())] == ["ok", "warning"]


@pytest.mark.parametrize(
    ("answer", "words", "fix"),
    [
        (json_answer({"errors": {}}, 503), "503: not ready", "see the log of Kratos"),
        (http_answer(403), "403: access denied", "correct POSTROOM_KRATOS_PUBLIC_URL: "),
        (http_answer(404), "404: this is not Kratos' public API", "correct POSTROOM_KRATOS_PUBLIC_URL"),
        (http_answer(200, b"<html>"), "200: this is not Kratos' public API", "correct POSTROOM_KRATOS_PUBLIC_URL"),
        (b"no HTTP\r\n\r\n", "cannot be reached: the connection broke off", "see the log of Kratos, or"),
    ],
)
async def test_each_answer_of_kratos_is_shown_with_its_place_and_its_own_fix(
    answer: bytes, words: str, fix: str
) -> None:
    async with scripted_upstream(answer) as server:
        found = await kratos_public(settings(KRATOS_PUBLIC_URL=server.url))
        assert found.details.startswith(server.url.removeprefix("http://"))
    assert words in found.details
    assert found.fix.startswith(fix)


@pytest.mark.parametrize(
    ("date", "state"),
    [(-20, "warning"), (20, "warning"), (0, "ok"), ("Thu, 26 Nov 2026 00:00:00 -0000", "ok"), ("now", "ok")],
)
async def test_a_kratos_whose_clock_differs_is_a_warning(date: str | int, state: str) -> None:
    """By several minutes, or its `Date` cannot be read."""
    sent = date if isinstance(date, str) else format_datetime(datetime.now(UTC) + timedelta(minutes=date))
    async with scripted_upstream(json_answer({"status": "ok"}, date=sent)) as server:
        public = await kratos_public(settings(KRATOS_PUBLIC_URL=server.url))
    assert (public.state, "NTP" in public.fix) == (state, state == "warning")


# PostgreSQL


class Notifications:
    """A notification that is sent is also received, unless a pooler shares sessions between clients (`shared`)."""

    def __init__(self, *, shared: bool) -> None:
        self._shared = shared
        self._sent: asyncio.Queue[str] = asyncio.Queue()

    async def send(self, payloads: Sequence[str]) -> None:
        self._sent.put_nowait("00000000000000000000000000000001:7")
        for payload in () if self._shared else payloads:
            self._sent.put_nowait(payload)

    @asynccontextmanager
    async def listen(self) -> AsyncGenerator[AsyncIterator[str]]:
        async def payloads() -> AsyncIterator[str]:
            while True:
                yield await self._sent.get()

        yield payloads()


@pytest.mark.parametrize("shared", [False, True])
async def test_check_detects_a_pooler_that_shares_sessions(shared: bool) -> None:
    assert await heard_by_itself(Notifications(shared=shared), within=0.05) == (not shared)


ALLOWED = Allowed(role=None, database=None, server=97)


@pytest.mark.parametrize(
    ("allowed", "processes", "words", "fix"),
    [
        (ALLOWED, 0, "", ""),
        (ALLOWED, 8, "", ""),
        (replace(ALLOWED, role=12), 1, "", ""),
        (ALLOWED, 9, "the server accepts 97 connections; 9 processes open up to 108", "raise max_connections"),
        (replace(ALLOWED, role=10), 0, "the role may have 10 connections; a process opens up to 12", "ALTER ROLE"),
        (replace(ALLOWED, role=40, database=30), 3, "the database accepts 30 connections;", "ALTER DATABASE"),
    ],
)
def test_check_compares_the_limits_of_connections_with_the_pools(
    allowed: Allowed, processes: int, words: str, fix: str
) -> None:
    found = of_connections(allowed, processes=processes, pool_size=10)
    assert (found.state if found else "ok") == ("warning" if words else "ok")
    assert words in (found.details if found else "")
    assert fix in (found.fix if found else "")


def test_names_are_joined_with_commas_and_a_final_and() -> None:
    assert [joined(names) for names in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]


# Where Kratos sends browsers


OURS = "https://mail.example.org"


async def found(answer: bytes, **more: str) -> list[Finding]:
    async with scripted_upstream(answer) as server:
        return await kratos_flows(settings(KRATOS_PUBLIC_URL=server.url, **more))


def flow(base: str) -> bytes:
    return json_answer({"ui": {"action": f"{base}/self-service/login?flow=1"}})


async def test_flows_on_our_own_origin_are_fine() -> None:
    for more in ({"PUBLIC_URL": OURS}, {"PUBLIC_URL": f"{OURS}/"}, {}):
        (finding,) = await found(flow(f"{OURS}/.ory/kratos/public"), **more)
        assert finding.state == "ok"


@pytest.mark.parametrize("base", ["https://kratos.example.org", OURS, "https://other.example.org/.ory/kratos/public"])
async def test_flows_elsewhere_are_a_warning_that_names_both_places(base: str) -> None:
    (finding,) = await found(flow(base), PUBLIC_URL=OURS)
    assert finding.state == "warning"
    assert f"to {base}:" in finding.details
    assert f"{OURS}/.ory/kratos/public" in finding.details
    assert "postroom setup kratos" in finding.fix


async def test_missing_public_url_is_part_of_the_fix() -> None:
    (finding,) = await found(flow("https://kratos.example.org"))
    assert finding.fix.startswith("set POSTROOM_PUBLIC_URL")


@pytest.mark.parametrize(
    "answer", [http_answer(404), http_answer(200, b"<html>"), json_answer({"ui": {}}), b"x\r\n\r\n"]
)
async def test_kratos_that_gives_no_flow_is_left_to_the_other_checks(answer: bytes) -> None:
    assert await found(answer, PUBLIC_URL=OURS) == []


async def test_without_kratos_there_is_nothing_to_check() -> None:
    assert await kratos_flows(settings()) == []
    assert await kratos_flows(settings(KRATOS_PUBLIC_URL="http://127.0.0.1:9")) == []
