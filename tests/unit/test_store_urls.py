"""The URLs of PostgreSQL and Redis: each has one meaning or is refused, and no part of a password is ever shown."""

import traceback
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict
from redis.asyncio.connection import parse_url

from postroom.errors import ConfigurationError
from postroom.settings.environment import load
from postroom.settings.store_urls import RedisUrl

ENOUGH = {
    "DATABASE_URL": "postgresql://postroom@127.0.0.1/postroom",
    "STALWART_URL": "http://127.0.0.1:8080",
    "STALWART_API_KEY": "API_key",
    "WEBHOOK_KEY": "0123456789abcdef",
    "DOMAINS": "example.org",
}
NOT_ENCODED = (
    "a character in it must be percent-encoded; in a password, @ is written as %40, / as %2F",
    "a % in it ",
    "it holds a space",
)
SCHEME = "it must begin with postgresql:// or postgres://"
PORT = "its port must be a number from 1 to 65535"
HOST = "its host is missing, or is not a valid host name"
ENCODE = NOT_ENCODED[0]
WITH_PASSWORD = [
    ("DATABASE_URL", "postgresql://postroom:{}@db/postroom"),
    ("DATABASE_URL", "postgres://postroom:{}@db1,db2:5433"),
    ("MIGRATE_DATABASE_URL", "postgresql://owner:{}@[::1]:5432/postroom?sslmode=require"),
    ("REDIS_URL", "redis://:{}@cache:6379/0"),
    ("REDIS_URL", "rediss://default:{}@cache"),
    ("REDIS_URL", "unix://default:{}@/run/redis.sock"),
    ("REDIS_URL", "redis+sentinel://default:{}@a:1,b:2/mymaster?db=3"),
]


def read(name: str, url: str) -> str:
    """The value of the setting as it is used."""
    return getattr(load({f"POSTROOM_{each}": value for each, value in (ENOUGH | {name: url}).items()}), name.lower())


def refused(name: str, url: str) -> str:
    """The error message, without the name of the setting before it."""
    with pytest.raises(ConfigurationError) as raised:
        read(name, url)
    printed = "".join(traceback.format_exception(raised.value))  # includes the causes of the error
    assert "SEC" not in printed
    assert "\n" not in str(raised.value)
    return str(raised.value).removeprefix(f"POSTROOM_{name}: ")


@pytest.mark.parametrize(("name", "url"), WITH_PASSWORD)
@pytest.mark.parametrize(
    "password", [f"{before}{mark}SEC" for before in ("SEC", "12") for mark in ("%", "%0", "%00", "%ff", " ", *"/@#?[")]
)
def test_a_password_that_is_not_encoded_is_refused_and_no_part_of_it_shown(name: str, url: str, password: str) -> None:
    """`12/SEC` would be read as a port and the name of a database, `SEC@SEC` as a host after a user name."""
    assert refused(name, url.format(password)).startswith(NOT_ENCODED)


@pytest.mark.parametrize(("name", "url"), WITH_PASSWORD)
def test_percent_encoded_password_may_contain_anything(name: str, url: str) -> None:
    assert read(name, url.format(quote("%/@:#?[ ä\n", safe="")))
    assert read(name, url.format("a:b!$&'()*+,;=-._~ä")), "characters that end no part of a URL"
    assert read(name, url.format(""))


def taken(name: str, url: str) -> bool:
    try:
        read(name, url)
    except ConfigurationError as error:
        if not str(error).startswith(tuple(f"POSTROOM_{name}: {words}" for words in NOT_ENCODED)):
            raise
        return False
    return True


@given(st.text() | st.text("%:/@?#[]01aF", max_size=6))
def test_libpq_and_redis_read_accepted_urls_as_intended_for_any_password(password: str) -> None:
    database, cache = f"postgresql://postroom:{password}@db/postroom", f"redis://postroom:{password}@cache/0"
    if taken("DATABASE_URL", database):
        expected = {"user": "postroom", "password": unquote(password), "host": "db", "dbname": "postroom"}
        assert {"password": "", **conninfo_to_dict(database)} == expected
    if taken("REDIS_URL", cache):
        expected = {"username": "postroom", "password": unquote(password), "host": "cache", "db": 0}
        assert {"password": "", **parse_url(cache)} == expected


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://postroom:SEC@db/postroom", SCHEME),
        ("postgres//postroom:SEC@db/postroom", SCHEME),
        ("db.example.org:5432/postroom", SCHEME),
        ("postgresql://postroom:12345678", PORT),  # the host is missing
        ("postgresql://postroom:12_34", PORT),
        ("postgresql://postroom:SEC@db:0/postroom", PORT),
        ("postgresql://postroom:SEC@db:65536/postroom", PORT),
        ("postgresql://postroom:SEC@db..example.org/postroom", HOST),
        (f"postgresql://postroom:SEC@{'d' * 64}/postroom", HOST),
        ("postgresql://postroom:SEC@[::1/postroom", HOST),
        ("postgresql://postroom:SEC@db/post/room", "its database is one name, in which a / is written as %2F"),
        ("postgresql://postroom:SEC@db/postroom ", "it holds a space or a control character"),
        ("postgresql://postroom:SEC@db/postroom#", ENCODE),
        (
            "postgresql://postroom:SEC@db/postroom?sslmod=require",
            "it has a parameter that does not exist: sslmod (did you mean sslmode?)",
        ),
        ("postgresql://postroom:12?SEC=1", "it has a parameter that does not exist; "),  # it may be part of a password
        ("postgresql://postroom:SEC@db/postroom?sslmode", "a parameter behind its ? has no value (NAME=VALUE)"),
        ("host=db user=postroom password=SEC SEC", "libpq cannot read it: a value with a space needs quotes"),
    ],
)
def test_invalid_database_url_is_refused_and_its_wrong_part_is_named(url: str, words: str) -> None:
    sentence = refused("DATABASE_URL", url)
    assert sentence.startswith(words)
    assert sentence.endswith("; write postgresql://USER:PASSWORD@HOST/DATABASE")


@pytest.mark.parametrize(
    ("parameter", "words"),
    [
        ("sslmode=SSL", 'libpq refuses it: invalid sslmode value: "SSL"'),
        ("target_session_attrs=rw", 'libpq refuses it: invalid target_session_attrs value: "rw"'),
        ("service=nobody", 'libpq refuses it: definition of service "nobody" not found'),
        ("sslrootcert=system&sslmode=prefer", 'libpq refuses it: weak sslmode "prefer" may not be used'),
        ("connect_timeout=soon", "its parameter connect_timeout must be a whole number"),
        ("keepalives=yes", "its parameter keepalives must be a whole number"),
        ("keepalives_idle=", "its parameter keepalives_idle must be a whole number"),
        ("tcp_user_timeout=1.5", "its parameter tcp_user_timeout must be a whole number"),
    ],
)
def test_url_parameter_that_prevents_any_connection_is_rejected_at_start(parameter: str, words: str) -> None:
    """Otherwise each new connection would fail, and the service would wait for PostgreSQL forever."""
    assert refused("DATABASE_URL", f"postgresql://postroom:SEC@db/postroom?{parameter}").startswith(words)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://postroom@db1,db2:6432/postroom?target_session_attrs=read-write",
        "postgres://postroom@[fe80::1]/",
        "postgresql://postroom@%2Fvar%2Frun%2Fpostgresql/postroom",
        "postgresql:///postroom?host=/var/run/postgresql&user=postroom",
        "postgresql://postroom@db/postroom?sslmode=verify-full&sslrootcert=/etc/ca.pem&options=-csearch_path%3Dmail",
        "postgresql://postroom@db/postroom?connect_timeout=10&keepalives=0&keepalives_idle=30&gssencmode=require",
        "host=db1,db2 port=5432,5433 user=postroom password='a b'",
    ],
)
def test_every_libpq_connection_string_is_accepted(url: str) -> None:
    assert read("DATABASE_URL", url)


REDIS_SCHEME = "it must begin with redis://, rediss://, unix:// or redis+sentinel://"
ONE_HOST = "it must name one host; several are for redis+sentinel://"
NUMBER = "its database, behind the host, must be a number"
DB = "its parameter db must be a number"
SERVICE = "the name of Sentinel's service must follow its hosts"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("SEC", REDIS_SCHEME),
        ("memcached://user:SEC@cache", REDIS_SCHEME),
        ("redis://:x@cache:SEC/0", PORT),
        ("redis://", ONE_HOST),
        ("redis:///0", ONE_HOST),
        ("redis://:SEC@cache:0", PORT),
        ("redis://:SEC@cache:65536", PORT),
        ("redis://:SEC@cache..example.org", HOST),
        ("redis://:SEC@[::1/0", HOST),
        ("redis://:SEC@a,b/0", ONE_HOST),
        ("redis://:SEC@cache/one", NUMBER),  # redis-py ignores it
        ("redis://:SEC@cache/1/2", NUMBER),  # redis-py reads it as 12
        ("redis://:SEC@cache?db=one", DB),
        ("redis://:SEC@cache?db=", DB),
        ("unix://:SEC@/", "the path of its socket is missing"),
        ("unix://:SEC@cache/run/redis.sock", "it must name no host before the path of the socket"),
        ("redis+sentinel://user:SEC@/m", "its hosts are missing"),
        ("redis+sentinel://user:SEC@a:1,b:2", SERVICE),
        ("redis+sentinel://user:SEC@a:1,b:2/", SERVICE),
        ("redis+sentinel://user:SEC@a:1,b:2/m/0", SERVICE),
        ("redis+sentinel://user:SEC@a:1,,b:2/m", HOST),
        ("redis+sentinel://user:SEC@a:one/m", PORT),
        ("redis+sentinel://user:SEC@a/m?db=x", DB),
        ("redis+sentinel://user:SEC@a/m?db", "a parameter behind its ? has no value (NAME=VALUE)"),
        # redis-py would fail at each connection, with an error that does not come from Redis.
        ("redis://:SEC@cache?ssl_cert_reqs=none", "it has a parameter that does not exist: ssl_cert_reqs; "),
        (
            "redis+sentinel://user:SEC@a/m?sentinel_pasword=true",
            "it has a parameter that does not exist: sentinel_pasword (did you mean sentinel_password?)",
        ),
        ("rediss://:SEC@cache?ssl_cert_reqs=perhaps", "its parameter ssl_cert_reqs must be none, optional or required"),
    ],
)
def test_invalid_redis_url_is_refused_and_its_wrong_part_is_named(url: str, words: str) -> None:
    assert refused("REDIS_URL", url).startswith(words)


def test_sentinel_url_contains_sentinels_service_database_and_both_passwords() -> None:
    text = "redis+sentinel://user:p%40ss@a:1,[::1]:2,c/mymaster?db=3&sentinel_username=s&sentinel_password=q%26+"
    url = RedisUrl.parse(text)
    assert url.places == (("a", 1), ("::1", 2), ("c", 26379))
    assert (url.path, url.username, url.password) == ("/mymaster", "user", "p@ss")
    assert url.parameters == {"db": "3", "sentinel_username": "s", "sentinel_password": "q&+"}
    plain = RedisUrl.parse("redis+sentinel://a/mymaster")
    assert (plain.parameters, plain.username, plain.password) == ({}, None, None)
    assert RedisUrl.parse("redis+sentinel://:secret@a/m").password == "secret"


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("redis://user:secret@cache/0", "cache:6379"),
        ("unix://user:secret@/run/redis.sock", "/run/redis.sock"),
        ("redis+sentinel://user:secret@a:1,b/m?sentinel_password=secret", "m (Sentinel at a:1, b:26379)"),
    ],
)
def test_logged_redis_url_has_the_location_but_no_secret(url: str, place: str) -> None:
    assert str(RedisUrl.parse(url)) == place
    assert "secret" not in repr(RedisUrl.parse(url))
