"""The fix for a failed connection to PostgreSQL, chosen by the message of libpq (recorded on 18.1)."""

import psycopg
import pytest

from postroom.postgres.refusal import remedy

AT = 'connection failed: connection to server at "127.0.0.1", port 5432 failed: '


@pytest.mark.parametrize(
    ("words", "fix"),
    [
        (f'{AT}FATAL:  password authentication failed for user "postroom"', "correct the password"),
        (f"{AT}fe_sendauth: no password supplied", "add the password"),
        (f'{AT}FATAL:  role "nobody" does not exist', "create that role"),
        (f'{AT}FATAL:  role "postroom" is not permitted to log in', "run ALTER ROLE"),
        (
            f'{AT}FATAL:  no pg_hba.conf entry for host "127.0.0.1", user "a", database "b", no encryption',
            "add a line for this host",
        ),
        (f'{AT}FATAL:  pg_hba.conf rejects connection for host "127.0.0.1", user "a"', "add a line for this host"),
        (f'{AT}FATAL:  Ident authentication failed for user "postroom"', "correct the user in SETTING, or the method"),
        (f'{AT}FATAL:  database "postroomx" does not exist', "create that database"),
        (f'{AT}FATAL:  permission denied for database "postroom"\nDETAIL:  User does not have', "run GRANT CONNECT"),
        (f"{AT}server does not support SSL, but SSL was required", "switch TLS on"),
        (f'{AT}root certificate file "/root/.postgresql/root.crt" does not exist', "correct PostgreSQL's certificate"),
    ],
)
def test_each_refusal_has_its_own_fix(words: str, fix: str) -> None:
    found = remedy(psycopg.OperationalError(words))
    assert found.is_refusal
    assert found.fix.format(setting="SETTING").startswith(fix)


@pytest.mark.parametrize(
    ("words", "fix"),
    [
        (f"{AT}Connection refused\n\tIs the server running on that host and accepting", "start PostgreSQL"),
        (
            'connection is bad: connection to server on socket "/run/.s.PGSQL.5432" failed: No such file or directory\n'
            "\tIs the server running locally and accepting connections on that socket?",
            "start PostgreSQL",
        ),
        ("failed to resolve host 'nowhere': [Errno -2] Name or service not known", "correct the host in SETTING"),
        ("connection timeout expired", "see whether a firewall"),
        (f'{AT}FATAL:  too many connections for role "postroom"', "end some connections"),
        (f"{AT}FATAL:  sorry, too many clients already", "end some connections"),
        (f"{AT}FATAL:  the database system is starting up", "wait until PostgreSQL has started"),
        (f"{AT}server is not in hot standby mode", "wait for a server that fits"),
        (f"{AT}session is read-only", "wait for a server that fits"),
        (f"{AT}received invalid response to SSL negotiation: H", "correct the host and the port in SETTING: another"),
        (f"{AT}FATAL:  Passwort-Authentifizierung für Benutzer »postroom« fehlgeschlagen", "do what PostgreSQL says"),
        (f"{AT}server closed the connection unexpectedly", "do what PostgreSQL says"),
    ],
)
def test_temporary_error_is_not_a_login_refusal(words: str, fix: str) -> None:
    found = remedy(psycopg.OperationalError(words))
    assert not found.is_refusal
    assert found.fix.format(setting="SETTING").startswith(fix)


def test_of_several_hosts_all_must_refuse() -> None:
    """`localhost` has two addresses on most machines."""
    refused, down = (
        f'{AT}FATAL:  password authentication failed for user "a"',
        f"{AT}Connection refused\n\tIs the server running",
    )

    def of(*attempts: str) -> psycopg.OperationalError:
        listed = [f"- host: 'h', port: '1', hostaddr: '::1': {each}" for each in attempts]
        return psycopg.OperationalError("\n".join([attempts[-1], "Multiple … All failures were:", *listed]))

    assert [remedy(of(*each)).is_refusal for each in ((refused, refused), (down, refused), (refused, down))] == [
        True,
        False,
        False,
    ]
    assert "password" in remedy(of(down, refused)).fix
    assert "password" in remedy(of(refused, down)).fix
