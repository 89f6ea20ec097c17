"""The URLs of PostgreSQL and Redis: read when the settings are, and refused in our own words.

libpq, redis-py and urllib take an `@`, `/`, `?`, `#` or `%` in a password each in a way of its own, for the begin of a
host, say, and quote what they then cannot use. So a URL that is not written as RFC 3986 wants it has no meaning here.
"""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo

SENTINEL = "redis+sentinel"

_ENCODED = "with what is neither letter nor digit in the password percent-encoded"
_DATABASE_FORM = (
    f"postgresql://USER:PASSWORD@HOST/DATABASE is needed, {_ENCODED}, and behind a ? only parameters that libpq knows"
)
_REDIS_FORM = (
    "redis://USER:PASSWORD@HOST:PORT/0 is needed, or one of rediss://, unix:// and "
    f"{SENTINEL}://USER:PASSWORD@HOST:PORT,HOST:PORT/SERVICE, {_ENCODED}"
)

_PLAIN = r"(?:[^\s\x00-\x1f\x7f%/?#@\[\]]|%(?!00)[0-9A-Fa-f]{2})"
_URL = re.compile(
    rf"(?P<scheme>[a-z+]+)://(?:(?P<account>{_PLAIN}*)@)?(?P<places>(?:{_PLAIN}|[\[\]])*)"
    rf"(?P<path>(?:/{_PLAIN}*)*)(?:\?(?P<query>(?:{_PLAIN}|[/?])*))?"
)

_NUMBERS = (
    "connect_timeout",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "tcp_user_timeout",
)
_NOWHERE = "/nonexistent"

_OF_TLS = ("ssl_ca_certs", "ssl_cert_reqs", "ssl_certfile", "ssl_check_hostname", "ssl_keyfile")
_REDIS = {
    "redis": (r"[^,]+", r"/?[0-9]*", {"db"}),
    "rediss": (r"[^,]+", r"/?[0-9]*", {"db", *_OF_TLS}),
    "unix": (r"", r"/.+", {"db"}),
    SENTINEL: (r".+", r"/[^/]+", {"db", "sentinel_password", "sentinel_username"}),
}
"""How its places and its path look behind each scheme, and the parameters there are."""
_PORTS = {SENTINEL: 26379}


def require_database_url(text: str) -> None:
    """Raises `ValueError`, in words for the operator, where no connection could ever be made by `text`, a URL or
    libpq's other form (`host=db user=postroom`)."""
    if text.startswith(("postgres://", "postgresql://")):
        found = _read(text)
        if found is None or found["path"].count("/") > 1:
            raise ValueError(_DATABASE_FORM)
    try:
        parts = conninfo_to_dict(text)
        for host in str(parts.get("host") or "").split(","):
            _require_host(host)
    except (psycopg.ProgrammingError, UnicodeError):
        raise ValueError(_DATABASE_FORM) from None  # their words quote the URL
    for port in filter(None, str(parts.get("port") or "").split(",")):
        if not re.fullmatch(r"[0-9]{1,5}", port) or not 0 < int(port) < 65536:
            raise ValueError(_DATABASE_FORM)
    for name in _NUMBERS:
        if not re.fullmatch(r"-?[0-9]+", str(parts.get(name, 0))):
            raise ValueError(f"{name} needs a whole number")
    # What the other parameters may be, libpq alone knows: it judges them before it looks for a server. But no socket
    # has GSSAPI.
    nowhere = make_conninfo(text, host=_NOWHERE, hostaddr="", port="", gssencmode="disable")
    attempt = pq.PGconn.connect_start(nowhere.encode())
    words = attempt.error_message.decode(errors="replace").strip()
    attempt.finish()
    if _NOWHERE not in words:
        raise ValueError(f"libpq refuses it: {words}")


@dataclass(frozen=True, slots=True, repr=False)
class RedisUrl:
    """`places`: of Redis, or of its sentinels; none where `path` is a socket."""

    scheme: str
    username: str | None
    password: str | None
    places: tuple[tuple[str, int], ...]
    path: str
    parameters: dict[str, str]

    @classmethod
    def parse(cls, text: str) -> "RedisUrl":
        """Raises `ValueError`, in words for the operator."""
        found = _read(text)
        if found is None or found["scheme"] not in _REDIS:
            raise ValueError(_REDIS_FORM)
        scheme, places, path = found["scheme"], found["places"], unquote(found["path"])
        of_places, of_path, known = _REDIS[scheme]
        if not re.fullmatch(of_places, places) or not re.fullmatch(of_path, path):
            raise ValueError(_REDIS_FORM)
        try:
            parameters = dict(_parameters(found["query"] or ""))
            at = tuple(_place(each, _PORTS.get(scheme, 6379)) for each in places.split(",")) if places else ()
            int(parameters.get("db", "0"))
        except ValueError:
            raise ValueError(_REDIS_FORM) from None
        if unknown := sorted(parameters.keys() - known):
            raise ValueError(f"{scheme}:// knows no {', '.join(unknown)}, only {', '.join(sorted(known))}")
        if parameters.get("ssl_cert_reqs", "none") not in ("none", "optional", "required"):
            raise ValueError("ssl_cert_reqs is one of none, optional and required")
        username, _, password = (found["account"] or "").partition(":")
        return cls(scheme, unquote(username) or None, unquote(password) or None, at, path, parameters)

    def __str__(self) -> str:
        """Where Redis is, without credentials, for the log."""
        places = ", ".join(f"{host}:{port}" for host, port in self.places)
        return f"{self.path[1:]} (Sentinel at {places})" if self.scheme == SENTINEL else places or self.path


def _read(text: str) -> re.Match[str] | None:
    try:
        unquote(text, errors="strict").encode()
    except UnicodeError:  # it would be another password than the one meant, or none
        return None
    return _URL.fullmatch(text)


def _parameters(query: str) -> list[tuple[str, str]]:
    """Raises `ValueError`. A `+` is one (RFC 3986 §3.4): only HTML forms write a space so, and urllib with them."""
    return parse_qsl(query.replace("+", "%2B"), strict_parsing=bool(query))


def _place(text: str, port: int) -> tuple[str, int]:
    """Raises `ValueError`."""
    parts = urlsplit(f"//{text}")
    if not parts.hostname or parts.port == 0:
        raise ValueError(text)
    _require_host(parts.hostname)
    return parts.hostname, parts.port or port


def _require_host(name: str) -> None:
    """Raises `UnicodeError`, as Python does for such a name when it is looked up, where nobody expects it."""
    if not name.startswith(("/", "@")):  # a folder with a socket in it
        name.encode("idna")
