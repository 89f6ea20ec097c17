"""What pages and frames may do."""

import hashlib
from pathlib import Path

import pytest

from postroom.web.build import BuiltFile
from postroom.web.security_policy import frame_headers, is_remote, may_print, page_headers

SCRIPT = "'sha256-AAAA='"
FILE = BuiltFile("text/html; charset=utf-8", {"identity": b""}, "digest", (SCRIPT,))
ORIGIN = "https://mail.example.org"
FRAMES = Path(__file__).parents[2] / "web/src/lib/frame"


def rules(headers: dict[str, str]) -> dict[str, str]:
    """The values of the Content-Security-Policy by directive."""
    parts = (each.partition(" ") for each in headers["Content-Security-Policy"].split("; "))
    return {name: value for name, _, value in parts}


def of_page(public_url: str | None = ORIGIN, host: str = "h", connects: tuple[str, ...] = ()) -> dict[str, str]:
    return page_headers(FILE, public_url=public_url, host=host, connects=connects)


def test_a_page_may_run_its_own_scripts_only() -> None:
    found = rules(of_page())
    assert found["default-src"] == "'none'"
    assert found["script-src"] == f"'self' {SCRIPT}"
    assert found["require-trusted-types-for"] == "'script'"
    assert "unsafe-inline" not in str(found)
    assert "unsafe-eval" not in str(found)


def test_a_page_cannot_be_framed_and_sends_forms_to_us_only() -> None:
    found = rules(of_page())
    assert [found[name] for name in ("frame-ancestors", "form-action", "base-uri")] == ["'none'", "'self'", "'none'"]


def test_a_page_may_use_passkeys_and_no_device() -> None:
    permitted = of_page()["Permissions-Policy"].split(", ")
    assert {"publickey-credentials-get=(self)", "publickey-credentials-create=(self)", "camera=()"} <= set(permitted)


def test_a_page_connects_to_us_and_where_live_events_come_from() -> None:
    assert rules(of_page())["connect-src"] == "'self'"
    assert rules(of_page(connects=("ws://127.0.0.1:8000",)))["connect-src"] == "'self' ws://127.0.0.1:8000"


@pytest.mark.parametrize(
    ("public_url", "host", "source"),
    [
        (ORIGIN, "evil.example", f"{ORIGIN}/_app/immutable/assets/"),
        ("https://Mail.Example.org:8443/", "h", "https://mail.example.org:8443/_app/immutable/assets/"),
        (None, "mail.example.org", "mail.example.org/_app/immutable/assets/"),
        (None, "127.0.0.1:3001", "127.0.0.1:3001/_app/immutable/assets/"),
        # Nothing that a host could add to the policy.
        *(
            (None, host, "'self'")
            for host in ("", "[::1]:3001", "h; script-src *", "h *", "*", "*.org", "h:0", "h/x", "'unsafe-inline'", "é")
        ),
        ("http://[::1]:3001", "h", "'self'"),
    ],
)
def test_a_page_shows_frames_of_messages_only(public_url: str | None, host: str, source: str) -> None:
    assert rules(of_page(public_url, host))["frame-src"] == source


def test_a_frame_runs_its_own_script_and_loads_nothing() -> None:
    headers = frame_headers(FILE, remote=False, prints=False)
    assert headers["Content-Security-Policy"] == (
        f"default-src 'none'; script-src {SCRIPT}; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'self'; sandbox allow-scripts"
    )
    del headers["Content-Security-Policy"]
    assert headers == {
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "X-DNS-Prefetch-Control": "off",
    }


@pytest.mark.parametrize(
    ("which", "difference"),
    [
        ({"remote": True, "prints": False}, {"img-src": "data: blob: https:"}),
        ({"remote": False, "prints": True}, {"sandbox": "allow-scripts allow-modals"}),
    ],
    ids=["the remote frame", "a frame to print from"],
)
def test_a_frame_differs_by_pictures_over_https_or_by_the_dialog_for_printing_only(
    which: dict[str, bool], difference: dict[str, str]
) -> None:
    plain = rules(frame_headers(FILE, remote=False, prints=False))
    assert rules(frame_headers(FILE, **which)) == plain | difference


@pytest.mark.parametrize(
    ("name", "remote", "prints"),
    [
        ("frame.Xy.html", False, False),
        ("frame-remote.Xy.html", True, False),
        ("frame-print.Xy.html", False, True),
        ("frame-print-remote.Xy.html", True, True),
        ("x/frame-remote.Xy.html", False, False),
    ],
)
def test_a_frame_is_known_by_its_name(name: str, remote: bool, prints: bool) -> None:
    path = f"/_app/immutable/assets/{name}"
    assert (is_remote(path), may_print(path)) == (remote, prints)


def test_a_frame_without_a_script_runs_none() -> None:
    silent = BuiltFile("text/html; charset=utf-8", {"identity": b""}, "digest")
    assert rules(frame_headers(silent, remote=False, prints=False))["script-src"] == "'none'"


@pytest.mark.parametrize(("name", "prints"), [("frame.html", False), ("frame-print.html", True)])
def test_a_frame_states_its_headers_so_that_no_browser_keeps_it_with_older_ones(name: str, prints: bool) -> None:
    """Frames are kept for a year by their names, which change with their content and not with their headers."""
    file = BuiltFile("text/html", {}, "")
    headers = [frame_headers(file, remote=remote, prints=prints) for remote in (False, True)]
    digest = hashlib.sha256(repr(headers).encode()).hexdigest()[:16]
    assert f"<!-- Headers {digest}: " in (FRAMES / name).read_text(), f"write {digest} into {name}"
