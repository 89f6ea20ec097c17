"""Which logins are fresh enough for a new credential, and where the browser logs in again."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from fakes import FakeClock
from postroom.domain.person import Person
from postroom.errors import FreshLoginRequired
from postroom.kratos.sessions import KratosSessions
from postroom.people.fresh_login import FRESH_FOR, require_fresh_login
from postroom.people.ports import Visitor

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)
LOGIN_PAGE = "https://auth.example.org/self-service/login/browser"


def visitor(authenticated_at: datetime | None, login_page: str | None = None) -> Visitor:
    return Visitor(Person(uuid4(), authenticated_at=authenticated_at), login_page=login_page)


@pytest.mark.parametrize("age", [timedelta(0), timedelta(minutes=15), -timedelta(minutes=1), -FRESH_FOR])
def test_login_of_the_last_15_minutes_is_fresh_even_if_its_clock_is_ahead_of_ours(age: timedelta) -> None:
    require_fresh_login(visitor(NOW - age), NOW, return_to=None)


@pytest.mark.parametrize(
    "authenticated_at",
    [None, NOW - FRESH_FOR - INSTANT, NOW + FRESH_FOR + INSTANT, datetime.min.replace(tzinfo=UTC)],
)
def test_login_that_is_old_undated_or_in_the_future_is_not_fresh(authenticated_at: datetime | None) -> None:
    with pytest.raises(FreshLoginRequired, match=r"15 minutes.*/self-service/login/api\?refresh=true") as caught:
        require_fresh_login(visitor(authenticated_at), NOW, return_to="https://mail.example.org/")
    assert caught.value.redirect_to is None


@pytest.mark.parametrize(
    ("return_to", "query"),
    [
        (None, "refresh=true"),
        ("https://mail.example.org/x?y=1&z", "refresh=true&return_to=https%3A%2F%2Fmail.example.org%2Fx%3Fy%3D1%26z"),
    ],
)
def test_fresh_login_redirects_the_browser_to_the_login_page_and_back(return_to: str | None, query: str) -> None:
    with pytest.raises(FreshLoginRequired) as caught:
        require_fresh_login(visitor(None, LOGIN_PAGE), NOW, return_to=return_to)
    assert caught.value.redirect_to == f"{LOGIN_PAGE}?{query}"


@pytest.mark.parametrize(
    ("schema_url", "expected"),
    [
        ("https://auth.example.org/schemas/ZGVm", "https://auth.example.org/self-service/login/browser"),
        ("https://example.org/schemas/k/schemas/ZGVm", "https://example.org/schemas/k/self-service/login/browser"),
        ("javascript:alert(1)/schemas/ZGVm", None),
        ("https://auth.example.org/", None),
        (None, None),
        (7, None),
    ],
)
async def test_login_page_is_at_the_public_url_that_kratos_names(schema_url: Any, expected: str | None) -> None:
    answer = httpx2.Response(200, json={"active": True, "identity": {"id": str(uuid4()), "schema_url": schema_url}})
    transport = httpx2.MockTransport(lambda _: answer)
    sessions = KratosSessions("http://10.0.0.5", FakeClock(), cookie_name="k", transport=transport)
    assert (await sessions.whoami(cookie="abc")).login_page == expected
    await sessions.aclose()
