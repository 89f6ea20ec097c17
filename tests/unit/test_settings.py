"""Settings from the environment: the error names each wrong setting and its fix, and never shows a secret."""

import traceback
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.domain.address import NEVER_GIVEN, RESERVED_NAMES
from postroom.errors import ConfigurationError
from postroom.settings.environment import load, load_part, load_what_is_right, unknown
from postroom.settings.secret_files import SECRETS
from postroom.settings.settings import Settings
from postroom.settings.wrong_setting import PREFIX

SECRET = "s3cret-that-nobody-may-ever-read"
ENOUGH = {
    "POSTROOM_DATABASE_URL": "postgresql://postroom@127.0.0.1/postroom",
    "POSTROOM_STALWART_URL": "http://127.0.0.1:8080",
    "POSTROOM_STALWART_API_KEY": "API_key",
    "POSTROOM_WEBHOOK_KEY": "0123456789abcdef",
    "POSTROOM_DOMAINS": "example.org",
}


def holding_the_secret(name: str) -> str:
    urls = {"DATABASE_URL": f"postgresql://postroom:{SECRET}@db/postroom", "REDIS_URL": f"redis://:{SECRET}@cache/0"}
    return urls.get(name.removeprefix("MIGRATE_"), SECRET)


def wrong(environment: dict[str, str]) -> str:
    """The error message for an invalid environment. Nothing that is printed may contain the secret."""
    with pytest.raises(ConfigurationError) as raised:
        load(environment)
    assert SECRET not in "".join(traceback.format_exception(raised.value)), "a traceback prints causes too"
    return str(raised.value)


def test_settings_defaults_are_those_of_the_contract() -> None:
    settings = load(ENOUGH)
    assert (settings.host, settings.port) == ("0.0.0.0", 3001)
    assert (settings.inline_deadline_seconds, settings.inline_lease_seconds) == (5, 10)
    assert (settings.lease_seconds, settings.drain_seconds) == (30, 15)
    assert (settings.retry_after_seconds, settings.pace, settings.delay_factor) == (25, 10, 1)
    assert settings.worker
    assert (settings.log_format, settings.reserved) == ("json", RESERVED_NAMES)


def test_all_missing_settings_are_named_in_one_line() -> None:
    sentence = wrong({})
    for name in ENOUGH:
        assert f"{name} is not set (" in sentence
    assert "\n" not in sentence
    assert "REDIS" not in sentence


@pytest.mark.parametrize("name", ENOUGH)
@pytest.mark.parametrize("value", [None, "", "  "])
def test_empty_variable_counts_as_not_set(name: str, value: str | None) -> None:
    environment = ENOUGH | {name: value or ""}
    if value is None:
        del environment[name]
    assert wrong(environment).startswith(f"{name} is not set")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("PORT", "many", "must be a whole number"),
        ("PORT", "65536", "must be at most 65535"),
        ("QUOTA_BYTES", "0", "must be at least 1"),
        ("PACE", "-1", "must be at least 0"),
        ("WORKER", "perhaps", "must be true or false"),
        ("LOG_FORMAT", "xml", "must be 'json' or 'console'"),
        ("DELAY_FACTOR", "2", "must be at most 1"),
        ("DELAY_FACTOR", "nan", "must be "),
        ("LEASE_SECONDS", "inf", "must be a finite number"),
        ("LEASE_SECONDS", "0", "must be more than 0"),
        ("LEASE_SECONDS", "soon", "must be a number"),
        ("WEBHOOK_KEY", "short", "at least 16 characters"),
        ("WEBHOOK_KEY_PREVIOUS", "short", "at least 16 characters"),
        ("STALWART_WEBHOOK_KEY", "k" * 31, "at least 32 characters"),
        ("CENTRIFUGO_TOKEN_KEY", "k" * 31, "at least 32 characters"),
        ("RESERVED_NAMES", "ceo@example.org", "the part before the @: ceo@example.org"),
        ("UNRESERVED_NAMES", "inffo,info", "not among the built-in names: inffo"),
        ("DOMAINS", ",", "at least one mail domain"),
        ("DOMAINS", "example.org,localhost", "'localhost' has no dot"),
        ("DOMAINS", "exam ple.org", "is not a domain name"),
        ("MARK_DOMAIN", "localhost", "'localhost' has no dot"),
        ("MARK_DOMAIN", "exam ple.org", "is not a domain name"),
        *(
            (name, url, "must be a complete URL")
            for name in ("STALWART_URL", "KRATOS_PUBLIC_URL", "KRATOS_ADMIN_URL", "PUBLIC_URL", "CENTRIFUGO_API_URL")
            for url in (
                "mail.example.org:8080",
                "ftp://mail.example.org/",
                "http:///jmap",
                "http://mail.example.org:0",
                "https://mail.example.org:99999",
                "http://mail..example.org",
                "http://[10.0.0.5/",
            )
        ),
        *(
            ("STALWART_WEBHOOK_URL", url, "must be a complete URL")
            for url in (
                "10.0.0.5:3001/internal/mail/stalwart",
                "ftp://10.0.0.5/",
                "http:///internal",
                "http://10.0.0.5:0/",
                "http://10.0.0.5:99999/",
                "http://name:password@10.0.0.5/",
                "http://10.0.0.5/#x",
                "http://10.0.0.5/a b",
                "http://[10.0.0.5/",
            )
        ),
    ],
)
def test_invalid_setting_error_names_it_and_what_it_needs(name: str, value: str, words: str) -> None:
    sentence = wrong(ENOUGH | {PREFIX + name: value})
    assert sentence.startswith(f"POSTROOM_{name}: ")
    assert words in sentence


@pytest.mark.parametrize("broken", ["POSTROOM_PORT", "POSTROOM_MARK_DOMAIN", "POSTROOM_DOMAINS"])
def test_settings_error_contains_no_secret(broken: str) -> None:
    environment = ENOUGH | {PREFIX + secret: holding_the_secret(secret) for secret in SECRETS}
    wrong(environment | {broken: "no.."})


def test_a_secret_that_is_wrong_itself_is_not_shown() -> None:
    assert wrong(ENOUGH | {"POSTROOM_WEBHOOK_KEY": SECRET[:15]}).startswith("POSTROOM_WEBHOOK_KEY: ")
    with pytest.raises(ConfigurationError) as raised:
        load(ENOUGH | {"POSTROOM_WEBHOOK_KEY": SECRET[:15]})
    assert SECRET[:15] not in "".join(traceback.format_exception(raised.value))


def test_all_wrong_and_missing_settings_are_named_at_once_and_valid_ones_are_kept(tmp_path: Path) -> None:
    environment = {
        "POSTROOM_DATABASE_URL": ENOUGH["POSTROOM_DATABASE_URL"],
        "POSTROOM_STALWART_URL": "mail.example.org",
        "POSTROOM_WEBHOOK_KEY_FILE": str(tmp_path / "missing"),
        "POSTROOM_WEBHOOK_KEY": SECRET,
        "POSTROOM_REDIS_URL": "localhost",
        "POSTROOM_PORT": "abc",
        "POSTROOM_PACE": "5",
    }
    settings, found = load_what_is_right(environment)
    assert {each.setting: each.fix for each in found} == {
        "webhook_key": "write the secret to that file, or correct POSTROOM_WEBHOOK_KEY_FILE",
        "redis_url": "correct POSTROOM_REDIS_URL",
        "stalwart_url": "correct POSTROOM_STALWART_URL",
        "stalwart_api_key": "set POSTROOM_STALWART_API_KEY",
        "domains": "set POSTROOM_DOMAINS",
        "port": "correct POSTROOM_PORT",
    }
    assert wrong(environment) == "; ".join(each.problem for each in found)
    assert settings.database_url.get_secret_value() == environment["POSTROOM_DATABASE_URL"]
    assert (settings.redis_url, settings.port, settings.pace) == (None, 3001, 5)


def test_misspelt_variable_is_reported_with_the_similar_setting() -> None:
    environment = ENOUGH | {"POSTROOM_KRATOS_ADMN_URL": "x", "POSTROOM_WEBHOOK_KEY_FILE": "x", "POSTROOM_X": "x"}
    assert [(str(each), each.fix) for each in unknown(environment)] == [
        (
            "unknown setting: POSTROOM_KRATOS_ADMN_URL (did you mean POSTROOM_KRATOS_ADMIN_URL?)",
            "rename it to POSTROOM_KRATOS_ADMIN_URL, or remove it",
        ),
        ("unknown setting: POSTROOM_X", "remove it"),
    ]


def test_variables_of_the_trial_and_the_tests_do_not_count_as_misspelt() -> None:
    assert unknown(dict.fromkeys(("POSTROOM_URL", "POSTROOM_SEEDS", "POSTROOM_TESTS_WITHOUT_KRATOS"), "x")) == []


def test_a_missing_setting_is_named_with_the_misspelt_one() -> None:
    environment = {name: value for name, value in ENOUGH.items() if name != "POSTROOM_STALWART_URL"}
    sentence = wrong(environment | {"POSTROOM_STALWRT_URL": "http://127.0.0.1:8080"})
    assert sentence == (
        "POSTROOM_STALWART_URL is not set (Base URL of the mail server); "
        "unknown setting: POSTROOM_STALWRT_URL (did you mean POSTROOM_STALWART_URL?)"
    )


def test_printed_settings_contain_no_secret() -> None:
    settings = load(ENOUGH | {PREFIX + secret: holding_the_secret(secret) for secret in SECRETS})
    assert SECRET not in repr(settings) + str(settings) + settings.model_dump_json()


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_may_come_from_a_file(secret: str, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{holding_the_secret(secret)}\n")
    environment = {name: value for name, value in ENOUGH.items() if name != PREFIX + secret}
    settings = load(environment | {f"POSTROOM_{secret}_FILE": str(file)})
    assert getattr(settings, secret.lower()).get_secret_value() == holding_the_secret(secret)


def test_unreadable_secret_file_is_named_in_the_error(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    sentence = wrong(ENOUGH | {"POSTROOM_WEBHOOK_KEY_FILE": str(missing)})
    assert sentence == f"POSTROOM_WEBHOOK_KEY_FILE: No such file or directory: {missing}"
    assert "POSTROOM_WEBHOOK_KEY_FILE: " in wrong(ENOUGH | {"POSTROOM_WEBHOOK_KEY_FILE": str(tmp_path)})


def test_a_secret_file_that_is_no_text_is_named_and_not_shown(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_bytes(b"\xff" + SECRET.encode())
    assert wrong(ENOUGH | {"POSTROOM_WEBHOOK_KEY_FILE": str(file)}).startswith("POSTROOM_WEBHOOK_KEY_FILE: ")


@pytest.mark.parametrize("secret", ["DATABASE_URL", "STALWART_API_KEY", "WEBHOOK_KEY"])
def test_empty_secret_file_counts_as_not_set(secret: str, tmp_path: Path) -> None:
    """libpq would use its default for an empty connection string: another database than the intended one."""
    file = tmp_path / "secret"
    file.write_text("\n")
    environment = {name: value for name, value in ENOUGH.items() if name != PREFIX + secret}
    assert wrong(environment | {f"POSTROOM_{secret}_FILE": str(file)}).startswith(f"POSTROOM_{secret} is not set")


def test_an_empty_redis_file_means_no_redis(tmp_path: Path) -> None:
    file = tmp_path / "redis"
    file.write_text("")
    assert not load(ENOUGH | {"POSTROOM_REDIS_URL_FILE": str(file)}).redis_url


def test_domains_are_normalised_and_the_first_is_the_mark_domain() -> None:
    settings = load(ENOUGH | {"POSTROOM_DOMAINS": " Example.ORG. , münchen.de,,example.net"})
    assert settings.domains == ("example.org", "xn--mnchen-3ya.de", "example.net")
    assert settings.mark_domain == "example.org"


def test_mark_domain_is_normalised_like_the_others() -> None:
    assert load(ENOUGH | {"POSTROOM_MARK_DOMAIN": " MÜNCHEN.de "}).mark_domain == "xn--mnchen-3ya.de"


def test_reserved_names_add_to_the_built_in_ones() -> None:
    settings = load(ENOUGH | {"POSTROOM_RESERVED_NAMES": " Boss, ,ceo"})
    assert settings.reserved == RESERVED_NAMES | {"boss", "ceo"}


def test_unreserved_names_setting_removes_built_in_reserved_names() -> None:
    settings = load(ENOUGH | {"POSTROOM_UNRESERVED_NAMES": "Info, sales", "POSTROOM_RESERVED_NAMES": "sales,ceo"})
    assert settings.reserved == (RESERVED_NAMES - {"info"}) | {"ceo"}


@pytest.mark.parametrize("name", sorted(NEVER_GIVEN))
def test_names_that_prove_a_domain_or_belong_to_its_operator_cannot_be_unreserved(name: str) -> None:
    assert name in RESERVED_NAMES
    sentence = wrong(ENOUGH | {"POSTROOM_UNRESERVED_NAMES": f"info, {name.upper()}"})
    assert sentence.startswith(f"POSTROOM_UNRESERVED_NAMES: nobody may register {name}: ")


KRATOS = {"POSTROOM_KRATOS_ADMIN_URL": "http://127.0.0.1:4434"}


@pytest.mark.parametrize(
    ("given", "reports"),
    [
        ({}, False),
        (KRATOS, True),
        (KRATOS | {"POSTROOM_LIFECYCLE": "off"}, False),
        ({"POSTROOM_LIFECYCLE": "off"}, False),
    ],
)
def test_differences_are_reported_where_identities_can_be_read_unless_switched_off(
    given: dict[str, str], reports: bool
) -> None:
    assert load(ENOUGH | given).reports_differences is reports


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("on", "POSTROOM_LIFECYCLE: this version reports differences and acts on none; on comes with the next release"),
        ("report", "POSTROOM_LIFECYCLE: report needs POSTROOM_KRATOS_ADMIN_URL"),
    ],
)
def test_lifecycle_that_this_version_cannot_have_is_refused(value: str, words: str) -> None:
    assert words in wrong(ENOUGH | {"POSTROOM_LIFECYCLE": value})


def test_two_webhook_keys_are_accepted_during_a_rotation() -> None:
    assert load(ENOUGH).webhook_keys == ("0123456789abcdef",)
    both = load(ENOUGH | {"POSTROOM_WEBHOOK_KEY_PREVIOUS": "fedcba9876543210"})
    assert both.webhook_keys == ("0123456789abcdef", "fedcba9876543210")


def test_settings_come_only_from_the_given_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTROOM_PORT", "9999")
    assert (load(ENOUGH).port, load(ENOUGH | {"PORT": "9999", "XPOSTROOM_PORT": "9999"}).port) == (3001, 3001)


@given(st.dictionaries(st.sampled_from([PREFIX + n.upper() for n in Settings.model_fields]), st.text(), max_size=8))
def test_any_environment_gives_settings_or_a_configuration_error(environment: dict[str, str]) -> None:
    try:
        settings = load(ENOUGH | environment)
    except ConfigurationError:
        return
    assert settings.mark_domain
    assert settings.domains


def test_every_setting_has_a_description() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", set()),
        ("https://webmail.example.org", {"https://webmail.example.org"}),
        (
            "https://Webmail.Example.org:443, http://localhost:5173,",
            {"https://webmail.example.org", "http://localhost:5173"},
        ),
        ("http://a.example:443,https://[::1]:8443", {"http://a.example:443", "https://[::1]:8443"}),
        ("capacitor://localhost", {"capacitor://localhost"}),
    ],
)
def test_cors_origins_are_normalised_to_what_browsers_send(value: str, expected: set[str]) -> None:
    assert load(ENOUGH | {"POSTROOM_CORS_ORIGINS": value}).cors_origins == expected


@pytest.mark.parametrize(
    "value",
    [
        "*",
        "null",
        "https://*.example.org",
        "webmail.example.org",
        "//webmail.example.org",
        "https://",
        "https://webmail.example.org/",
        "https://webmail.example.org/inbox",
        "https://webmail.example.org?x",
        "https://someone@webmail.example.org",
        "https://webmail.example.org:0",
        "https://webmail.example.org:65536",
        "https://webmail.exämple.org",
        "https://webmail.example.org.",
        "https://a.example https://b.example",
        "https://a.example,*",
        "ftp://files.example.org",
        "file://localhost",
        "wss://live.example.org",
    ],
)
def test_invalid_cors_origin_is_rejected_at_the_start(value: str) -> None:
    sentence = wrong(ENOUGH | {"POSTROOM_CORS_ORIGINS": value})
    assert sentence.startswith("POSTROOM_CORS_ORIGINS: ")
    assert "is not the origin of a page: write each as https://" in sentence


def test_a_part_is_loaded_without_what_it_does_not_need() -> None:
    needed = ("stalwart_url", "domains")
    settings = load_part(needed, {name: ENOUGH[name] for name in ("POSTROOM_STALWART_URL", "POSTROOM_DOMAINS")})
    assert settings.stalwart_url == ENOUGH["POSTROOM_STALWART_URL"]
    assert settings.domains == load(ENOUGH).domains
    with pytest.raises(ConfigurationError, match="POSTROOM_DOMAINS is not set") as refused:
        load_part(("domains",), {})
    assert "POSTROOM_DATABASE_URL" not in str(refused.value)
    with pytest.raises(ConfigurationError, match="POSTROOM_PORT"):
        load_part((), {"POSTROOM_PORT": "many"})


def test_a_part_reads_no_secret_but_its_own() -> None:
    absent = {f"POSTROOM_{secret}_FILE": "/nowhere" for secret in SECRETS}
    assert load_part((), absent | {"POSTROOM_PORT": "80"}).port == 80
    with pytest.raises(ConfigurationError, match="POSTROOM_WEBHOOK_KEY_FILE"):
        load_part(("webhook_key",), absent)
