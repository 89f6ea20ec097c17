"""Headers of a download: nothing that a stranger sent is executed in the origin of the interface."""

from urllib.parse import quote

import pytest

from postroom.gateway.download import headers_of, inert_type, is_blob_id, media_type


@pytest.mark.parametrize(
    ("content_type", "inline", "disposition"),
    [
        ("image/png", True, "inline"),
        ("image/png", False, "attachment"),
        ("Image/PNG", True, "inline"),
        ("text/plain; charset=utf-8", True, "inline"),
        ("application/pdf", True, "inline"),
        ("audio/mpeg", True, "inline"),
        ("Video/MP4; codecs=avc1", True, "inline"),
        ("audio/mpeg", False, "attachment"),
        ("audio/mpegurl", True, "attachment"),  # a playlist of addresses, which Safari would request
        ("application/vnd.apple.mpegurl", True, "attachment"),
        ("text/html", True, "attachment"),
        ("image/svg+xml", True, "attachment"),
        ("text/xml", True, "attachment"),
        ("application/xhtml+xml", True, "attachment"),
        ("text/javascript", True, "attachment"),
        ("message/rfc822", True, "attachment"),
        ("application/octet-stream", True, "attachment"),
    ],
)
def test_only_inert_media_types_are_served_inline_and_only_on_request(
    content_type: str, inline: bool, disposition: str
) -> None:
    headers = headers_of(content_type, "x", inline=inline)
    assert headers["Content-Disposition"].partition(";")[0] == disposition
    policy = headers["Content-Security-Policy"].split("; ")
    assert {"default-src 'none'", "frame-ancestors 'self'"} <= set(policy)
    # Neither a PDF viewer nor a media player starts in a sandbox.
    assert ("sandbox" in policy) is not (disposition == "inline" and content_type[:5] in ("appli", "audio", "Video"))
    assert ("media-src 'self'" in policy) is (disposition == "inline" and content_type[:5] in ("audio", "Video"))
    assert "script-src" not in headers["Content-Security-Policy"]
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Cache-Control"].startswith("private")
    assert headers["Vary"] == "Cookie, Authorization, X-Session-Token", "a blob of one person is not shown to the next"


@pytest.mark.parametrize(
    ("name", "disposition"),
    [
        ("x y.eml", "filename=\"x y.eml\"; filename*=UTF-8''x%20y.eml"),
        ("größe.txt", "filename=\"gr__e.txt\"; filename*=UTF-8''gr%C3%B6%C3%9Fe.txt"),
        ('a"; b\\', "filename=\"a_; b_\"; filename*=UTF-8''a_%3B%20b_"),
        ("a\r\nSet-Cookie: x=y", "filename=\"a__Set-Cookie_ x=y\"; filename*=UTF-8''a__Set-Cookie_%20x%3Dy"),
        ("../../etc/passwd", "filename=\"_.._etc_passwd\"; filename*=UTF-8''_.._etc_passwd"),
        ("100%.txt", "filename=\"100_.txt\"; filename*=UTF-8''100%25.txt"),
        ("\u202egpj.exe", "filename=\"_gpj.exe\"; filename*=UTF-8''_gpj.exe"),
        ("", "filename=\"download\"; filename*=UTF-8''download"),
        ("..", "filename=\"download\"; filename*=UTF-8''download"),
        ("\ud800", "filename=\"_\"; filename*=UTF-8''_"),
    ],
)
def test_file_name_cannot_escape_its_header_or_folder(name: str, disposition: str) -> None:
    assert headers_of("text/html", name, inline=False)["Content-Disposition"] == f"attachment; {disposition}"


@pytest.mark.parametrize("name", ["x" * 196 + ".pdf", "新しい\U0001fae8\U00101234.txt", "~a b.txt", "COM1.{x}"])
def test_a_name_that_every_system_takes_stays_as_it_is_shown(name: str) -> None:
    header = headers_of("text/html", name, inline=False)["Content-Disposition"]
    assert header.endswith(f"filename*=UTF-8''{quote(name, safe='')}")


def test_long_file_name_keeps_its_extension() -> None:
    assert '.pdf"' in headers_of("application/pdf", "x" * 1000 + ".pdf", inline=False)["Content-Disposition"]


@pytest.mark.parametrize(
    ("stated", "found"),
    [
        ("text/html", "text/html"),
        ("text/plain; charset=utf-8", "text/plain; charset=utf-8"),
        ('multipart/mixed;boundary="----=_Part 1"', 'multipart/mixed;boundary="----=_Part 1"'),
        (None, "application/octet-stream"),
        ("", "application/octet-stream"),
        ("text", "application/octet-stream"),
        ("text/html\r\nX: y", "application/octet-stream"),
        ("text/html, text/plain", "application/octet-stream"),
        ('text/html; x="<script>"', "application/octet-stream"),
    ],
)
def test_invalid_media_type_becomes_octet_stream(stated: str | None, found: str) -> None:
    assert media_type(stated) == found


@pytest.mark.parametrize(
    ("stated", "served"),
    [
        ("image/png", "image/png"),
        ("IMAGE/PNG", "IMAGE/PNG"),
        ("text/plain; charset=utf-8", "text/plain; charset=utf-8"),
        ("application/pdf", "application/pdf"),
        ("audio/ogg", "audio/ogg"),
        ("video/webm", "video/webm"),
        *(
            (each, "application/octet-stream")
            for each in (
                *("text/javascript", "application/javascript", "application/ecmascript", "text/jscript"),
                *("text/javascript;charset=utf-8", "TEXT/JAVASCRIPT", "application/wasm", "text/css"),
                *("text/html", "application/xhtml+xml", "image/svg+xml", "text/xml", "application/xml"),
                *(
                    "text/html; x=image/png",
                    "multipart/x-mixed-replace; boundary=x",
                    "text/xsl",
                    "audio/x-mpegurl",
                    "application/json",
                ),
                *("message/rfc822", "application/zip", "nonsense", "", None),
            )
        ),
    ],
)
def test_blob_is_served_only_with_an_inert_media_type(stated: str | None, served: str) -> None:
    """The browser uses nothing that a stranger sent as a style, script or worker of our origin."""
    assert (inert_type(stated), headers_of(stated, "x", inline=True)["Content-Type"]) == (served, served)


def test_blob_id_with_path_characters_is_invalid() -> None:
    assert is_blob_id("eaxbbsl1we9stz729q2vaos9gzlifzqpw1fi1ej9loc0a2d1kpfy1ame3gmnqbq")
    assert is_blob_id("G-_0")
    for text in ("", "..", "a/b", "a%2fb", "a?b", "a\n", "ä", "x" * 256):
        assert not is_blob_id(text)
