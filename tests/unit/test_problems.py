"""The problem for each error."""

import json

import pytest

from postroom import errors
from postroom.devices.app_passwords import TooManyAppPasswords
from postroom.http.problems import LONGEST_WAIT, plain_problem, problem, problem_of, retry_after


@pytest.mark.parametrize(
    ("error", "status", "code", "again"),
    [
        (errors.NoSession("log in"), 401, "no_session", None),
        (errors.SecondFactorDue("log in again"), 403, "session_aal2_required", None),
        (errors.FreshLoginRequired("log in again"), 403, "fresh_login_required", None),
        (errors.CrossSite("not from here"), 403, "cross_site", None),
        (errors.KratosUnavailable("http://10.0.0.7 refused"), 503, "kratos_away", "5"),
        (errors.DatabaseUnavailable("10.0.0.8 refused"), 503, "database_away", "5"),
        (errors.PublisherUnavailable("10.0.0.9 refused"), 503, "publisher_away", "5"),
        (errors.Transient("10.0.0.6 refused"), 503, "mail_server_away", "5"),
        (errors.Throttled("slowly", retry_after=90.4), 503, "mail_server_busy", "90"),
        (errors.Throttled("slowly"), 503, "mail_server_busy", "5"),
        (errors.Misconfigured("10.0.0.6 does not know our key"), 502, "mail_server_misconfigured", None),
        (errors.MailboxMissing("10.0.0.6 has no account b"), 503, "mailbox_missing", "60"),
        (errors.Conflict("it is there"), 409, "mail_server_conflict", None),
        (errors.Permanent("too long"), 422, "mail_server_refused", None),
        (TooManyAppPasswords(5), 409, "too_many_devices", None),
        (errors.Refused("unknown", "no such thing"), 404, "unknown", None),
        (errors.Refused("mailbox_not_ready", "wait"), 503, "mailbox_not_ready", "5"),
        (errors.ConfigurationError("postgresql://user:secret@10.0.0.8"), 500, "internal_error", None),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_each_error_becomes_a_problem_without_internal_details(
    error: errors.PostroomError, status: int, code: str, again: str | None
) -> None:
    found = problem_of(error)
    reported = json.loads(found.body())
    assert (found.status, reported["status"], reported["code"], found.code) == (status, status, code, code)
    assert reported["type"] == f"urn:postroom:problem:{code}"
    assert reported["title"]
    assert reported["detail"]
    assert reported["success"] is False
    assert found.headers.get("Retry-After") == again
    assert ("WWW-Authenticate" in found.headers) == (status == 401)
    assert "10.0.0" not in str(reported)


def test_a_problem_is_passed_on() -> None:
    reported = problem("not_json", "send JSON")
    assert problem_of(reported) is reported


@pytest.mark.parametrize("error", [errors.SecondFactorDue, errors.FreshLoginRequired])
def test_the_url_of_another_login_is_included_if_it_is_known(
    error: type[errors.SecondFactorDue | errors.FreshLoginRequired],
) -> None:
    address = "https://auth.example.org/login"
    assert problem_of(error("log in again", redirect_to=address)).more["redirect_browser_to"] == address
    assert "redirect_browser_to" not in problem_of(error("log in again")).more


def test_a_plain_problem_has_only_its_status() -> None:
    reported = json.loads(plain_problem(404, "there is nothing here").body())
    assert (reported["type"], reported["title"], reported["status"]) == ("about:blank", "Not Found", 404)


@pytest.mark.parametrize(
    ("stated", "seconds"),
    [
        ("7", "7"),
        (0.2, "1"),
        ("-3", "1"),
        (1e9, str(LONGEST_WAIT)),
        ("Wed, 21 Oct 2026", None),
        ("inf", None),
    ],
)
def test_retry_after_of_a_problem_is_bounded(stated: str | float, seconds: str | None) -> None:
    assert retry_after(stated).get("Retry-After") == seconds


@pytest.mark.parametrize(
    ("code", "failed"),
    [("no_session", False), ("internal_error", True), ("database_away", True), ("mailbox_missing", False)],
)
def test_only_a_failure_of_a_server_is_logged_for_the_operator(code: str, failed: bool) -> None:
    assert problem(code, "").is_failure is failed
