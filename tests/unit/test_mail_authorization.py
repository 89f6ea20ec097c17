"""The Authorization headers for a person, and the encryption of stored app passwords."""

import asyncio
import base64
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from mail_fakes import an_account
from postroom.errors import ConfigurationError, Misconfigured, Permanent
from postroom.stalwart.failed_logins import BLOCK_SECONDS, FailedLogins
from postroom.stalwart.impersonation import Impersonation, accepted_at, basic
from postroom.stalwart.password_cipher import PasswordCipher
from scripted_upstream import json_answer, scripted_upstream

KEY, OTHER = (base64.b64encode(bytes([byte]) * 32).decode() for byte in (0xFB, 0x02))


async def test_a_master_account_logs_in_as_the_person() -> None:
    header = await Impersonation("master@example.org:pass:wörd%").header(an_account())
    assert header.startswith("Basic ")
    assert base64.b64decode(header[6:]).decode() == "alice@example.org%master@example.org:pass:wörd%"


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


def test_a_secret_is_decrypted_only_for_the_same_account() -> None:
    account = an_account()
    encrypted = PasswordCipher(KEY).encrypt(account, "app_secret")
    assert b"secret" not in encrypted
    assert PasswordCipher(KEY).decrypt(account, encrypted) == "app_secret"
    assert PasswordCipher(KEY).decrypt(replace(account, identity_id=uuid4()), encrypted) is None
    assert PasswordCipher(KEY).decrypt(replace(account, account_id="bw"), encrypted) is None


def test_previous_encryption_key_only_decrypts() -> None:
    account = an_account()
    old = PasswordCipher(OTHER).encrypt(account, "app_secret")
    assert PasswordCipher(KEY, OTHER).decrypt(account, old) == "app_secret"
    assert PasswordCipher(KEY).decrypt(account, old) is None
    assert PasswordCipher(OTHER).decrypt(account, PasswordCipher(KEY, OTHER).encrypt(account, "app_secret")) is None


def test_tampered_encrypted_password_is_not_decrypted() -> None:
    account = an_account()
    encrypted = bytearray(PasswordCipher(KEY).encrypt(account, "app_secret"))
    encrypted[-5] ^= 1
    assert PasswordCipher(KEY).decrypt(account, bytes(encrypted)) is None
    assert PasswordCipher(KEY).decrypt(account, b"\xff\x00") is None


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
