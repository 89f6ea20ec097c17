"""The URLs of PostgreSQL and Redis: parsed with the settings, and refused with a message that names the wrong part.

libpq, redis-py and urllib each read an `@`, `/`, `?`, `#` or `%` in a password in a way of their own, for example as
the beginning of a host, and quote what they then cannot use. So a URL that does not follow RFC 3986 is refused here,
and no sentence quotes what may be part of a password.
"""

import re
from collections.abc import Collection, Iterable, Set
from dataclasses import dataclass
from difflib import get_close_matches
from urllib.parse import parse_qsl, unquote, urlsplit

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo

SENTINEL = "redis+sentinel"

_DATABASE_SCHEMES = ("postgresql", "postgres")
_DATABASE_EXAMPLE = "postgresql://USER:PASSWORD@HOST/DATABASE"
_PAIRS = re.compile(r"\s*[a-z_]+\s*=")
_PORT = "its port must be a number from 1 to 65535"
_HOST = "its host is missing, or is not a valid host name"

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


@dataclass(frozen=True, slots=True)
class _Form:
    """What may follow a scheme of Redis: as a pattern, and as text for error messages."""

    example: str
    places: str
    places_in_words: str
    path: str
    path_in_words: str
    parameters: Set[str]


_ONE_HOST = r"[^,]+", f"it must name one host; several are for {SENTINEL}://"
_NUMBER = r"/?[0-9]*", "its database, behind the host, must be a number"
_REDIS = {
    "redis": _Form("redis://USER:PASSWORD@HOST:PORT/0", *_ONE_HOST, *_NUMBER, {"db"}),
    "rediss": _Form("rediss://USER:PASSWORD@HOST:PORT/0", *_ONE_HOST, *_NUMBER, {"db", *_OF_TLS}),
    "unix": _Form(
        "unix://USER:PASSWORD@/PATH/OF/SOCKET",
        r"",
        "it must name no host before the path of the socket",
        r"/.+",
        "the path of its socket is missing",
        {"db"},
    ),
    SENTINEL: _Form(
        f"{SENTINEL}://USER:PASSWORD@HOST:PORT,HOST:PORT/SERVICE",
        r".+",
        "its hosts are missing",
        r"/[^/]+",
        "the name of Sentinel's service must follow its hosts",
        {"db", "sentinel_password", "sentinel_username"},
    ),
}
_PORTS = {SENTINEL: 26379}


def require_database_url(text: str) -> None:
    """Raises `ValueError`, in words for the operator, where no connection could ever be made by `text`, a URL or
    libpq's other form (`host=db user=postroom`)."""
    try:
        if not _PAIRS.match(text):
            _require_database_form(_read(text, _DATABASE_SCHEMES))
        parts = _parts(text)
    except ValueError as error:
        raise ValueError(f"{error}; write {_DATABASE_EXAMPLE}") from None
    for name in _NUMBERS:
        if not re.fullmatch(r"-?[0-9]+", str(parts.get(name, 0))):
            raise ValueError(f"its parameter {name} must be a whole number")
    # Only libpq knows which other parameters are valid: it checks them before it connects. But no socket has GSSAPI.
    nowhere = make_conninfo(text, host=_NOWHERE, hostaddr="", port="", gssencmode="disable")
    attempt = pq.PGconn.connect_start(nowhere.encode())
    words = attempt.error_message.decode(errors="replace").strip()
    attempt.finish()
    if _NOWHERE not in words:
        raise ValueError(f"libpq refuses it: {words}")


def _require_database_form(found: re.Match[str]) -> None:
    """Raises `ValueError`."""
    if found["path"].count("/") > 1:
        raise ValueError("its database is one name, in which a / is written as %2F")
    known = {each.keyword.decode() for each in pq.Conninfo.get_defaults()} | {"ssl"}
    _require_known(found, {name for name, _ in _parameters(found["query"] or "")}, known)


def _parts(text: str) -> dict[str, object]:
    """libpq's parameters. Raises `ValueError`."""
    try:
        parts: dict[str, object] = {**conninfo_to_dict(text)}
    except (psycopg.ProgrammingError, UnicodeError):
        # Their words quote what may be part of a password.
        is_url = not _PAIRS.match(text)
        raise ValueError(_HOST if is_url else "libpq cannot read it: a value with a space needs quotes") from None
    for port in filter(None, str(parts.get("port") or "").split(",")):
        if not re.fullmatch(r"[0-9]{1,5}", port) or not 0 < int(port) < 65536:
            raise ValueError(_PORT)
    for host in str(parts.get("host") or "").split(","):
        _require_host(host)
    return parts


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
        found = _read(text, _REDIS)
        form = _REDIS[found["scheme"]]
        try:
            return cls._of(found, form)
        except ValueError as error:
            raise ValueError(f"{error}; write {form.example}") from None

    @classmethod
    def _of(cls, found: re.Match[str], form: _Form) -> "RedisUrl":
        scheme, path = found["scheme"], unquote(found["path"])
        at = _places(found["places"], form, _PORTS.get(scheme, 6379))
        if not re.fullmatch(form.path, path):
            raise ValueError(form.path_in_words)
        parameters = dict(_parameters(found["query"] or ""))
        _require_known(found, parameters.keys(), form.parameters)
        if not parameters.get("db", "0").isdecimal():
            raise ValueError("its parameter db must be a number")
        if parameters.get("ssl_cert_reqs", "none") not in ("none", "optional", "required"):
            raise ValueError("its parameter ssl_cert_reqs must be none, optional or required")
        username, _, password = (found["account"] or "").partition(":")
        return cls(scheme, unquote(username) or None, unquote(password) or None, at, path, parameters)

    def __str__(self) -> str:
        """Where Redis is, without credentials, for the log."""
        places = ", ".join(f"{host}:{port}" for host, port in self.places)
        return f"{self.path[1:]} (Sentinel at {places})" if self.scheme == SENTINEL else places or self.path


def _read(text: str, schemes: Collection[str]) -> re.Match[str]:
    """The parts of a URL. Raises `ValueError`."""
    scheme, separator, rest = text.partition("://")
    if not separator or scheme not in schemes:
        raise ValueError(f"it must begin with {_or(f'{each}://' for each in schemes)}")
    if re.search(r"[\s\x00-\x1f\x7f]", rest):
        raise ValueError("it holds a space or a control character; in a password, a space is written as %20")
    found = _URL.fullmatch(text)
    if re.search(r"%(?!(?!00)[0-9A-Fa-f]{2})", rest) or not _decodes(rest):
        raise ValueError("a % in it is not the code of a character; in a password, a % is written as %25")
    if found is None:
        raise ValueError(
            "a character in it must be percent-encoded; in a password, @ is written as %40, / as %2F, ? as %3F, "
            "# as %23, [ as %5B and ] as %5D"
        )
    return found


def _decodes(text: str) -> bool:
    """Otherwise another password would be used than the intended one, or none."""
    try:
        unquote(text, errors="strict").encode()
    except UnicodeError:
        return False
    return True


def _require_known(found: re.Match[str], named: Set[str], known: Set[str]) -> None:
    """Raises `ValueError`. Without an account before it, a `?` may be a character of a password."""
    for name in sorted(named - known):
        if not found["account"]:
            raise ValueError("it has a parameter that does not exist")
        like = "".join(f" (did you mean {each}?)" for each in get_close_matches(name, known, n=1))
        raise ValueError(f"it has a parameter that does not exist: {name}{like}")


def _parameters(query: str) -> list[tuple[str, str]]:
    """Raises `ValueError`. A `+` stands for itself (RFC 3986 §3.4), but urllib makes it a space, as in forms."""
    try:
        return parse_qsl(query.replace("+", "%2B"), keep_blank_values=True, strict_parsing=bool(query))
    except ValueError:
        raise ValueError("a parameter behind its ? has no value (NAME=VALUE)") from None


def _places(text: str, form: _Form, port: int) -> tuple[tuple[str, int], ...]:
    """Raises `ValueError`."""
    if not text and not form.places:
        return ()
    if not re.fullmatch(form.places, text):
        raise ValueError(form.places_in_words)
    return tuple(_place(each, port) for each in text.split(","))


def _place(text: str, default: int) -> tuple[str, int]:
    """Raises `ValueError`."""
    try:
        host = urlsplit(f"//{text}").hostname
    except ValueError:  # its brackets are wrong
        host = None
    if not host:
        raise ValueError(_HOST)
    _require_host(host)
    try:
        port = urlsplit(f"//{text}").port
    except ValueError:
        port = 0
    if port == 0:
        raise ValueError(_PORT)
    return host, port or default


def _require_host(name: str) -> None:
    """Raises `ValueError` for a name for which Python raises a `UnicodeError` at its lookup, where no code expects
    it."""
    if name.startswith(("/", "@")):  # a folder with a socket in it
        return
    try:
        name.encode("idna")
    except UnicodeError:
        raise ValueError(_HOST) from None


def _or(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} or {last}"
