"""Logins at the mail server: the headers for a person, how many failures we risk, and for which accounts. It bans an
address after 100 failed logins a day."""

import asyncio
import base64
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from uuid import UUID, uuid4

import pytest

from fakes import FakeClock
from mail_fakes import an_account
from postroom.errors import ConfigurationError, Misconfigured, Permanent
from postroom.mailboxes.ports import MailAccount
from postroom.stalwart.failed_logins import (
    A_DAY,
    BLOCK_SECONDS,
    CACHE_SIZE,
    MAX_A_DAY,
    PROVEN_AFTER,
    UNPROVEN_SHARE,
    FailedLogins,
    LoginLimiter,
)
from postroom.stalwart.impersonation import Impersonation, accepted_at, basic, login_of
from postroom.stalwart.password_cipher import PasswordCipher
from scripted_upstream import json_answer, scripted_upstream

LAST_OF_NEWCOMERS = int(MAX_A_DAY * UNPROVEN_SHARE)


def people(word: str, number: int = 10 * MAX_A_DAY) -> Sequence[MailAccount]:
    return [MailAccount(UUID(int=each), f"{word}{each}@example.org", f"{word}{each}") for each in range(number)]


ANN, BEN = people("known", 2)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def failed(clock: FakeClock) -> FailedLogins:
    return FailedLogins(monotonic=clock.monotonic)


def fail(failed: FailedLogins, accounts: Sequence[MailAccount]) -> int:
    """How many of these logins were sent. Each is rejected."""
    sent = 0
    for account in accounts:
        if failed.allows(account):
            failed.count()
            failed.block(account)
            sent += 1
    return sent


def test_new_logins_stop_at_two_thirds_of_the_daily_limit_of_failures(failed: FailedLogins, clock: FakeClock) -> None:
    assert fail(failed, people("new")) == LAST_OF_NEWCOMERS
    clock.seconds += A_DAY - 1
    assert fail(failed, people("later")) == 0
    clock.seconds += 1
    assert fail(failed, people("later")) == LAST_OF_NEWCOMERS


@pytest.mark.parametrize(("ago", "known"), [(PROVEN_AFTER, True), (PROVEN_AFTER - 1, False)])
def test_known_login_is_still_allowed_when_new_logins_are_not_unless_it_was_sent_a_moment_ago(
    failed: FailedLogins, clock: FakeClock, ago: float, known: bool
) -> None:
    assert failed.allows(ANN)
    clock.seconds += ago
    fail(failed, people("gone"))
    assert (failed.allows(ANN), failed.allows(BEN)) == (known, False)


def test_last_failures_are_reserved_for_known_logins_and_then_no_login_is_sent(
    failed: FailedLogins, clock: FakeClock
) -> None:
    for account in [*people("good"), ANN]:
        assert failed.allows(account)
    clock.seconds += PROVEN_AFTER
    fail(failed, people("gone"))
    assert fail(failed, people("good")) == MAX_A_DAY - LAST_OF_NEWCOMERS
    assert not failed.allows(ANN)
    clock.seconds += A_DAY
    assert failed.allows(ANN)


def test_vouched_login_counts_as_known_until_it_is_rejected(failed: FailedLogins) -> None:
    fail(failed, people("gone"))
    failed.trust(ANN)
    assert fail(failed, [ANN, ANN]) == 1


def test_all_logins_are_sent_without_a_failure_limit() -> None:
    assert fail(FailedLogins(0), people("gone")) == 10 * MAX_A_DAY


def test_failed_login_cache_has_a_maximum_size(failed: FailedLogins) -> None:
    for account in people("new", CACHE_SIZE + 3):
        failed.allows(account)
        failed.block(account)
        failed.trust(account)
    assert len(failed._used) == len(failed._blocked) == CACHE_SIZE


def test_logins_to_a_missing_mailbox_back_off_to_one_a_day(failed: FailedLogins, clock: FakeClock) -> None:
    sent = list[float]()
    for _ in range(0, 4 * 86_400, 600):
        if not failed.is_blocked(ANN):
            sent.append(clock.seconds)
            for _ in range(4):  # concurrent logins count as one
                failed.block(ANN)
        clock.seconds += 600
    waits = [later - earlier for earlier, later in pairwise(sent)]
    assert waits == [*(BLOCK_SECONDS * factor for factor in (1, 2, 4, 8, 16, 32)), A_DAY, A_DAY]


def test_login_backoff_resets_once_the_mailbox_is_back(failed: FailedLogins, clock: FakeClock) -> None:
    for _ in range(2):
        failed.block(ANN)
        clock.seconds += BLOCK_SECONDS
    clock.seconds += BLOCK_SECONDS  # the login worked again, for as long as it had been blocked
    clock.seconds += 2 * BLOCK_SECONDS
    failed.block(ANN)
    clock.seconds += BLOCK_SECONDS
    assert not failed.is_blocked(ANN)


# The limiter in front of a source of headers


@dataclass
class Authorization:
    """`fresh`: whether there is a new header after a refusal."""

    fresh: bool = False
    asked: list[MailAccount] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    error: Exception | None = None

    async def header(self, account: MailAccount) -> str:
        self.asked.append(account)
        return f"Basic {account.account_id}"

    async def refused(self, account: MailAccount, header: str) -> bool:
        self.refusals.append(header)
        if self.error:
            raise self.error
        return self.fresh


@pytest.fixture
def inner() -> Authorization:
    return Authorization()


@pytest.fixture
def sparing(inner: Authorization, failed: FailedLogins) -> LoginLimiter:
    return LoginLimiter(inner, failed)


async def refuse(sparing: LoginLimiter, accounts: Sequence[MailAccount]) -> int:
    """How many headers were returned for these accounts. The mail server rejects each."""
    given = 0
    for account in accounts:
        try:
            header = await sparing.header(account)
        except Misconfigured:
            continue
        given += 1
        await sparing.refused(account, header)
    return given


async def test_gateway_and_arrivals_share_one_limit_of_failed_logins(failed: FailedLogins) -> None:
    gateway, arrivals = (LoginLimiter(Authorization(), failed) for _ in range(2))
    assert await refuse(gateway, people("one", 15)) == 15
    assert await refuse(arrivals, people("two")) == LAST_OF_NEWCOMERS - 15


async def test_a_refusal_is_reported_to_the_source_of_the_header_and_its_result_passed_on(
    inner: Authorization, sparing: LoginLimiter
) -> None:
    inner.fresh = True
    assert await sparing.refused(ANN, "Basic x") is True
    inner.fresh = False
    assert await sparing.refused(ANN, "Basic y") is False
    assert inner.refusals == ["Basic x", "Basic y"]


async def test_rejected_login_is_not_sent_for_half_an_hour_but_others_are(
    inner: Authorization, sparing: LoginLimiter, clock: FakeClock
) -> None:
    assert await refuse(sparing, [ANN]) == 1
    clock.seconds += BLOCK_SECONDS - 1
    for _ in range(2):
        with pytest.raises(Misconfigured, match="tried again later") as error:
            await sparing.header(ANN)
        assert error.value.unauthorized
    assert inner.asked == [ANN], "a login that is not sent gets no new header"
    assert await sparing.header(BEN)
    clock.seconds += 1
    assert await sparing.header(ANN)


async def test_fresh_credential_is_sent_even_when_new_logins_are_suspended(
    inner: Authorization, sparing: LoginLimiter
) -> None:
    await refuse(sparing, people("gone"))
    inner.fresh = True
    assert await sparing.refused(ANN, "Basic old")
    assert await sparing.header(ANN)


async def test_rejected_master_account_does_not_block_the_login_of_a_person(
    inner: Authorization, sparing: LoginLimiter
) -> None:
    inner.error = Misconfigured("mail server refuses POSTROOM_MAIL_MASTER", unauthorized=True)
    with pytest.raises(Misconfigured, match="MASTER"):
        await sparing.refused(ANN, "Basic x")
    assert await sparing.header(ANN)


async def test_master_account_is_still_checked_by_its_own_login_when_new_logins_are_suspended(
    inner: Authorization, sparing: LoginLimiter
) -> None:
    await refuse(sparing, people("gone"))
    newcomer = an_account()
    with pytest.raises(Misconfigured) as error:
        await sparing.header(newcomer)
    assert error.value.unauthorized
    assert inner.asked[-1] == newcomer


# The headers


KEY, OTHER = (base64.b64encode(bytes([byte]) * 32).decode() for byte in (0xFB, 0x02))


def test_after_a_change_of_addresses_the_persons_refused_logins_are_tried_again(failed: FailedLogins) -> None:
    renamed = replace(ANN, email="renamed@example.org")
    fail(failed, [ANN, renamed, BEN])
    failed.forget(ANN.identity_id)
    assert [failed.is_blocked(each) for each in (ANN, renamed, BEN)] == [False, False, True]


async def test_a_master_account_logs_in_as_the_person() -> None:
    header = await Impersonation("master@example.org:pass:wörd%").header(an_account())
    assert header.startswith("Basic ")
    login = base64.b64decode(header[6:]).decode()
    assert login.lower() == "alice@example.org%master@example.org:pass:wörd%"
    assert login.endswith("%master@example.org:pass:wörd%")


def test_each_account_has_its_own_spelling_of_an_address_and_the_same_in_every_process() -> None:
    """Stalwart opens the former holder's account for a login text that it remembers."""
    spelled = {login_of(replace(an_account(), account_id=f"b{number}")) for number in range(100)}
    assert len(spelled) == 100
    assert {each.lower() for each in spelled} == {an_account().email}
    assert login_of(MailAccount(UUID(int=1), "a1@x.org", "c")) == login_of(MailAccount(UUID(int=2), "a1@x.org", "c"))


class MailServer:
    """Whether it `accepts` the master account; `asked`: the login names with which the master account logged in as
    itself."""

    def __init__(self, accepts: bool) -> None:
        self.accepts = accepts
        self.asked: list[str] = []
        self.now = 0.0

    async def __call__(self, header: str) -> bool:
        self.asked.append(base64.b64decode(header[6:]).decode())
        return self.accepts

    def master(self) -> Impersonation:
        return Impersonation("master@example.org:secret", self, monotonic=lambda: self.now)


async def test_rejected_master_account_is_sent_at_most_twice_an_hour_for_all_people() -> None:
    server = MailServer(accepts=False)
    master, account = server.master(), an_account()
    with pytest.raises(Misconfigured, match="POSTROOM_MAIL_MASTER"):
        await master.refused(account, await master.header(account))
    for server.now in (1.0, BLOCK_SECONDS - 1):
        for person in (account, replace(account, email="bob@example.org")):
            with pytest.raises(Misconfigured, match="POSTROOM_MAIL_MASTER") as error:
                await master.header(person)
            assert error.value.unauthorized
    assert server.asked == ["master@example.org:secret"]
    server.now = BLOCK_SECONDS
    with pytest.raises(Misconfigured):
        await master.header(account)
    assert len(server.asked) == 2


async def test_corrected_master_account_works_again_for_everybody() -> None:
    server = MailServer(accepts=False)
    master, account = server.master(), an_account()
    assert not await master.is_accepted()
    server.accepts, server.now = True, BLOCK_SECONDS
    assert await master.header(account)
    assert len(server.asked) == 2
    await master.header(account)
    assert len(server.asked) == 2


async def test_rejected_master_account_counts_as_a_failed_login_but_is_still_checked() -> None:
    server = MailServer(accepts=False)
    failed = FailedLogins(3, monotonic=lambda: server.now)
    master = Impersonation("master@example.org:secret", server, failed=failed, monotonic=lambda: server.now)
    for server.now in (0.0, BLOCK_SECONDS, 2 * BLOCK_SECONDS, 3 * BLOCK_SECONDS):
        assert failed.allows(an_account()) == (server.now < 2 * BLOCK_SECONDS)
        assert not await master.is_accepted()
    assert len(server.asked) == 4


async def test_accepted_master_login_has_no_newer_header_for_an_unknown_account() -> None:
    master, account = MailServer(accepts=True).master(), an_account()
    assert await master.refused(account, await master.header(account)) is False


async def test_concurrent_login_rejections_cause_one_check_of_the_master_login() -> None:
    server = MailServer(accepts=False)
    master = server.master()
    people = [replace(an_account(), email=f"p{number}@example.org") for number in range(50)]
    headers = [await master.header(person) for person in people]
    refused = (master.refused(*each) for each in zip(people, headers, strict=True))
    await asyncio.gather(*refused, return_exceptions=True)
    assert len(server.asked) == 1


TAKEN = {"answers 200": (200, True), "401": (401, False), "403": (403, True), "404": (404, True), "503": (503, True)}


@pytest.mark.parametrize(("status", "taken"), TAKEN.values(), ids=TAKEN.keys())
async def test_only_a_401_means_that_the_mail_server_rejects_the_master_login(status: int, taken: bool) -> None:
    async with scripted_upstream(json_answer({"permissions": ["authenticate"]}, status)) as server:
        assert await accepted_at(server.url)(basic("master@example.org", "secret")) is taken
        assert [(asked.target, asked.header("authorization")) for asked in server.asked] == [
            ("/api/account", basic("master@example.org", "secret"))
        ]
    assert await accepted_at(server.url)("Basic x")  # the port is closed by now


@pytest.mark.parametrize("email", ["alice%admin@example.org", "alice@example.org%admin", "alice:x@example.org"])
async def test_address_with_login_separators_is_never_used_to_log_in(email: str) -> None:
    with pytest.raises(Permanent):
        await Impersonation("master@example.org:secret").header(replace(an_account(), email=email))


@pytest.mark.parametrize(
    "master", ["", "master@example.org", "master@example.org:", "master:x", "@d.org:x", "a%b@d.org:x"]
)
def test_a_malformed_master_is_reported_without_its_password(master: str) -> None:
    with pytest.raises(ConfigurationError, match="POSTROOM_MAIL_MASTER") as error:
        Impersonation(master)
    assert not master or master not in str(error.value)


def test_a_secret_is_decrypted_only_for_the_same_account_and_if_it_was_not_tampered_with() -> None:
    account = an_account()
    encrypted = PasswordCipher(KEY).encrypt(account, "app_secret")
    assert b"secret" not in encrypted
    assert PasswordCipher(KEY).decrypt(account, encrypted) == "app_secret"
    for other in (replace(account, identity_id=uuid4()), replace(account, account_id="bw")):
        assert PasswordCipher(KEY).decrypt(other, encrypted) is None, other
    for tampered in (encrypted[:-5] + bytes([encrypted[-5] ^ 1]) + encrypted[-4:], b"\xff\x00"):
        assert PasswordCipher(KEY).decrypt(account, tampered) is None, tampered


def test_previous_encryption_key_only_decrypts() -> None:
    account = an_account()
    old = PasswordCipher(OTHER).encrypt(account, "app_secret")
    assert PasswordCipher(KEY, OTHER).decrypt(account, old) == "app_secret"
    assert PasswordCipher(KEY).decrypt(account, old) is None
    assert PasswordCipher(OTHER).decrypt(account, PasswordCipher(KEY, OTHER).encrypt(account, "app_secret")) is None


def test_encryption_key_may_be_in_standard_or_url_safe_base64() -> None:
    account = replace(an_account(), identity_id=UUID(int=0))
    url_safe = KEY.replace("+", "-").replace("/", "_")
    assert url_safe != KEY
    assert PasswordCipher(f"{url_safe}\n").decrypt(account, PasswordCipher(KEY).encrypt(account, "x")) == "x"


@pytest.mark.parametrize("key", ["", "short", "a" * 32, "ü" * 44, base64.b64encode(b"k" * 31).decode(), KEY + KEY])
def test_the_error_for_a_malformed_key_says_how_to_make_one(key: str) -> None:
    with pytest.raises(ConfigurationError, match=r"POSTROOM_ENCRYPTION_KEY: .*openssl rand -base64 32") as error:
        PasswordCipher(key)
    assert not key or key not in str(error.value)


def test_a_wrong_previous_key_is_reported_by_its_name() -> None:
    with pytest.raises(ConfigurationError, match="POSTROOM_ENCRYPTION_KEY_PREVIOUS"):
        PasswordCipher(KEY, "short")
