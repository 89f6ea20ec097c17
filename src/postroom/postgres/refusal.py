"""Why a connection to PostgreSQL failed, and how to fix it.

If the connection was never made, libpq gives no SQLSTATE, only text: its own, which is English in the wheel that we
install, and the server's. Text in another language (`lc_messages`) is quoted with a general fix.
"""

import re
from dataclasses import dataclass

import psycopg


@dataclass(frozen=True, slots=True)
class Remedy:
    """`fix` contains `{setting}` for the name of the setting with the URL. `is_refusal`: PostgreSQL runs and accepts us
    only after an operator has acted; other errors may pass by themselves."""

    fix: str
    is_refusal: bool = False


def _refusal(fix: str) -> Remedy:
    return Remedy(fix, is_refusal=True)


_REMEDIES = {
    r"Is the server running": Remedy("start PostgreSQL, or correct the host and the port in {setting}"),
    # SQLSTATE 28P01; also a role that does not exist, where passwords are asked for.
    r"password authentication failed": _refusal("correct the password, or the user, in {setting}"),
    r"no password supplied": _refusal("add the password to {setting}"),
    # 28000
    r'role "[^"]*" does not exist': _refusal("create that role in PostgreSQL, or correct the user in {setting}"),
    r"is not permitted to log in": _refusal("run ALTER ROLE … LOGIN in PostgreSQL, or correct the user in {setting}"),
    r"pg_hba\.conf": _refusal(
        "add a line for this host, user and database to PostgreSQL's pg_hba.conf, or, if it asks for TLS, "
        "?sslmode=require to {setting}"
    ),
    r"[a-z]+ authentication failed": _refusal(
        "correct the user in {setting}, or the method in PostgreSQL's pg_hba.conf"
    ),
    # 3D000
    r'database "[^"]*" does not exist': _refusal("create that database, or correct its name in {setting}"),
    # 42501
    r"permission denied for database": _refusal("run GRANT CONNECT ON DATABASE … TO … in PostgreSQL"),
    r"does not support SSL": _refusal("switch TLS on in PostgreSQL, or correct sslmode in {setting}"),
    r"certificate": _refusal("correct PostgreSQL's certificate, or sslmode and sslrootcert in {setting}"),
    # 53300
    r"too many|remaining connection slots": Remedy(
        "end some connections, raise max_connections in PostgreSQL, or lower POSTROOM_POOL_SIZE"
    ),
    # 57P03
    r"starting up|shutting down|in recovery|not yet accepting": Remedy("wait until PostgreSQL has started"),
    r"in hot standby mode|session is (not )?read-only": Remedy(
        "wait for a server that fits target_session_attrs, or correct {setting}"
    ),
    r"resolve host|translate host name": Remedy("correct the host in {setting}, or its entry in DNS"),
    r"timeout expired": Remedy(
        "see whether a firewall keeps this host from PostgreSQL, or correct the host in {setting}"
    ),
    r"invalid response|expected authentication request": Remedy(
        "correct the host and the port in {setting}: another kind of server answers there"
    ),
}
"""By patterns in the text of libpq or the server; the first match counts."""

_OTHERWISE = Remedy("do what PostgreSQL says, or correct {setting}")


def remedy(error: psycopg.Error) -> Remedy:
    """The remedy for a failed connection. With several hosts it is a refusal only if each of them refused."""
    attempts = [_of(each) for each in re.split(r"\n- (?=host: )", str(error))]
    listed = attempts[1:] or attempts  # the text before the list repeats the last one
    refusals = [each for each in listed if each.is_refusal]
    first = (refusals or listed)[0]
    return Remedy(first.fix, is_refusal=len(refusals) == len(listed))


def _of(message: str) -> Remedy:
    return next((found for pattern, found in _REMEDIES.items() if re.search(pattern, message)), _OTHERWISE)
