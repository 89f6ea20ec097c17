"""Which message may be unsubscribed from by one request, and where it goes."""

from dataclasses import replace
from time import process_time

import pytest

from postroom.errors import Refused
from postroom.unsubscribe.authentication_results import findings
from postroom.unsubscribe.dkim_signature import signature_of
from postroom.unsubscribe.list_uri import HttpsUrl, https_url, uris_of
from postroom.unsubscribe.one_click import MOST_SIGNATURES, ListMail, one_click

OURS = "mx.example.org"
SIGNED = "From:Subject:List-Unsubscribe:List-Unsubscribe-Post"
B = "YWJjZGVmZ2hpamts"
URL = "https://list.example.net/leave?t=secret"


def signature(signed: str = SIGNED, *, more: str = "", b: str = B, d: str = "example.net", s: str = "mail") -> str:
    return f" v=1; a=rsa-sha256; d={d}; s={s};{more} h={signed}; bh=x=; b={b}"


def passed(properties: str = f"header.d=example.net header.s=mail header.b={B[:8]}", server: str = OURS) -> str:
    return f" {server}; spf=pass smtp.mailfrom=a@example.net;\r\n\tdkim=pass {properties}; dmarc=pass"


NEWSLETTER = ListMail(
    unsubscribe=[f" <{URL}>,\r\n <mailto:leave@example.net>"],
    post=[" List-Unsubscribe=One-Click"],
    results=[passed()],
    signatures=[signature()],
)


def url_of(mail: ListMail, authserv_id: str | None = OURS) -> HttpsUrl | None:
    try:
        return one_click(mail, authserv_id, accepts=lambda url: url.port == 443)
    except Refused as refused:
        return None if refused.code == "not_one_click" and "secret" not in str(refused) else HttpsUrl("wrong", 0, "")


def test_a_newsletter_with_a_valid_signature_is_left_by_one_request() -> None:
    assert url_of(NEWSLETTER) == HttpsUrl("list.example.net", 443, "/leave?t=secret")


@pytest.mark.parametrize(
    "changed",
    [
        # Names of headers in any case, folded, with blanks; comments.
        {"signatures": [signature("from : list-UNSUBSCRIBE-post :\r\n\tLIST-unsubscribe")]},
        {"signatures": [signature(b="YWJj ZGVm\r\n\tZ2hpamts")]},
        {"results": [f"{OURS} 1;\r\n\tdkim=pass (2048-bit (rsa; key)) header.d=example.net header.s=mail"]},
        {"results": [passed().replace(OURS, '"MX.Example.Org"')]},
        {"results": [passed(f'header.i=@example.net header.s="mail" header.b="{B[:8]}"')]},
        {"results": [passed("header.d=EXAMPLE.net")]},
        {"results": [f'{OURS}; dkim/1=pass reason="good; b=fine" header.d=example.net']},
        {"post": ["List-Unsubscribe=One-Click\r\n"]},
        {"unsubscribe": [f"(first (this)) <mailto:a@example.net> (then),\r\n <{URL}> (this)"]},
        {"unsubscribe": ["<https://list.example.net/leave?\r\n t=secret>"]},
        # Another signature fails, or signs less: it is not the one that was found valid.
        {"signatures": [signature("From", d="other.example", b="b3RoZXI="), signature()]},
        # Part of the body is not signed (l=); both headers are.
        {"signatures": [signature(more=" l=0;")]},
        # Results of other servers stand below ours.
        {"results": [passed(), passed(server="mx.example.net").replace("pass", "fail")]},
        # The signature of a service that sends for the list (RFC 8058 asks for no other).
        {
            "results": [passed("header.d=mailer.example header.b=c2VydmljZQ")],
            "signatures": [signature(d="mailer.example", b="c2VydmljZQ==")],
        },
    ],
)
def test_other_ways_to_write_the_same_are_understood(changed: dict[str, list[str]]) -> None:
    assert url_of(replace(NEWSLETTER, **changed)) is not None


@pytest.mark.parametrize(
    "changed",
    [
        # It is not offered, or not exactly.
        {"post": []},
        {"post": ["List-Unsubscribe=One-Click, x"]},
        {"post": ["list-unsubscribe=one-click"]},
        {"post": ["List-Unsubscribe=One-Click"] * 2},
        {"unsubscribe": []},
        {"unsubscribe": ["<mailto:leave@example.net>"]},
        {"unsubscribe": [f"<{URL.replace('https', 'http')}>"]},
        {"unsubscribe": [URL]},
        {"unsubscribe": [f"(<{URL}>)"]},
        {"unsubscribe": [f"see <{URL}>"]},
        # Several: a signature covers the lowest, somebody else may have put the other one on top.
        {"unsubscribe": ["<https://evil.example/>", f"<{URL}>"]},
        {"unsubscribe": [f"<{URL}>", "<https://evil.example/>"]},
        # Nobody confirmed a signature of both headers.
        {"results": []},
        {"results": [f"{OURS}; none"]},
        {"results": [f"{OURS}; dkim=fail header.d=example.net"]},
        {"results": [f"{OURS}; dkim=none"]},
        {"results": [f"{OURS}; spf=pass; dmarc=pass"]},
        {"results": [f"{OURS}; dkim=pass"]},
        {"results": [f"{OURS}; dkim=pass header.s=mail header.b={B[:8]}"]},
        {"results": [f"{OURS}; (dkim=pass header.d=example.net)"]},
        {"results": [f'{OURS}; x="; dkim=pass header.d=example.net"']},
        {"results": [f"{OURS}; dkim=pass header.d=example.net header.d=example.org"]},
        {"results": [f"{OURS}; dkim=pass header.d=example.org header.d=example.net"]},
        {"results": [f'{OURS}; dkim=pass header.d="example.net']},
        {"results": [f"{OURS}; dkim=pass (header.d=example.net"]},
        {"results": [f"{OURS}; dkim=pass header.d=example.net (and more"]},
        {"results": [passed("header.d=other.example")]},
        {"results": [passed("header.d=example.net header.s=other")]},
        {"results": [passed("header.i=@sub.example.net")]},
        {"results": [passed("header.d=example.net header.b=b3RoZXI")]},
        # Case counts in base64.
        {"results": [passed(f"header.d=example.net header.b={B[:8].lower()}")]},
        {"signatures": []},
        {"signatures": [signature("From:Subject")]},
        {"signatures": [signature("From:List-Unsubscribe")]},
        {"signatures": [signature("From:List-Unsubscribe-Post")]},
        {"signatures": [signature("From:X-List-Unsubscribe:List-Unsubscribe-Post")]},
        # Another one that looks like the valid one, and signs both.
        {"signatures": [signature(), signature("From")]},
        {"signatures": [signature("From"), signature()]},
        {"signatures": [signature(b=B[:8]), signature("From")]},
        {"results": [passed("header.d=example.net")], "signatures": [signature("From", b="eA"), signature(b="eQ")]},
        # One that we cannot read may be the valid one.
        {"signatures": [signature(more=" s=mail;"), signature()]},
        {"signatures": ["rubbish", signature()]},
        # Forged results: below ours, of another server that is called nearly so, or without our name.
        {"results": [f"{OURS}; dkim=fail header.d=example.net", passed()]},
        {"results": [f"{OURS}; dkim=pass (", passed()]},
        {"results": ["localhost; none", passed()]},
        {"results": [passed(server="relay.example"), passed()]},
        {"results": [passed(server=f"{OURS}.evil.example")]},
        {"results": [passed(server=f"evil.example ({OURS})")]},
        {"results": [passed(server=f"evil.example {OURS}")]},
        {"results": [passed(server="")]},
        # The sender itself is forged, however valid some signature is.
        {"results": [passed().replace("dmarc=pass", "dmarc=fail (p=reject) header.from=example.net")]},
        {"results": [passed("header.d=example.net " + "x" * 30_000)]},
    ],
)
def test_without_all_of_it_nothing_is_requested(changed: dict[str, list[str]]) -> None:
    assert url_of(replace(NEWSLETTER, **changed)) is None


def test_a_message_with_more_signatures_than_are_read_leaves_no_list() -> None:
    others = [signature(d=f"d{number}.example") for number in range(MOST_SIGNATURES)]
    assert url_of(replace(NEWSLETTER, signatures=[signature(), *others[1:]])) is not None
    assert url_of(replace(NEWSLETTER, signatures=[signature(), *others])) is None


def test_without_the_name_of_our_server_nothing_is_requested() -> None:
    assert url_of(NEWSLETTER, None) is None
    assert url_of(replace(NEWSLETTER, results=[passed(server="")]), "") is None


@pytest.mark.parametrize(
    "changed",
    [
        {"roles": frozenset({"junk"})},
        {"roles": frozenset({"inbox", "junk"})},
        {"keywords": frozenset({"$junk"})},
        {"keywords": frozenset({"$Phishing"})},
    ],
)
def test_spam_learns_of_no_reader(changed: dict[str, frozenset[str]]) -> None:
    assert url_of(replace(NEWSLETTER, **changed)) is None


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "https:",
        "https://",
        "https:///path",
        "https:list.example.net/",
        "http://list.example.net/",
        "ftp://list.example.net/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://user@list.example.net/",
        "https://user:secret@list.example.net/",
        "https://@list.example.net/",
        "https://list.example.net@evil.example/",
        "https://list.example.net%40evil.example/",
        "https://list.example.net\\@evil.example/",
        "https://list.example.net/\\evil.example",
        "https://localhost/",
        "https://intranet/",
        "https://127.0.0.1/",
        "https://127.1/",
        "https://0x7f.0.0.1/",
        "https://0x7f.1/",
        "https://list.0x1/",
        "https://2130706433/",
        "https://017700000001/",
        "https://１２７.０.０.１/",  # noqa: RUF001 - full-width digits, which IDNA maps to ASCII ones
        "https://①②⑦.⓪.⓪.①/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[fe80::1%25eth0]/",
        "https://[v1.x]/",
        "https://list..example.net/",
        "https://.example.net/",
        "https://list.example.net../",
        "https://-list.example.net/",
        f"https://{'a' * 64}.example.net/",
        f"https://{'a.' * 130}example.net/",
        f"https://list.example.net/{'a' * 2048}",
        "https://list.example.net:x/",
        "https://list.example.net:99999/",
        "https://list.example.net:443:80/",
        "https://list.example.net/ü",
        "https://list.example.net/a b",
        "https://list.example.net/\r\nHost: evil.example",
        "https://list.example.net/\0",
        "https://ex℀mple.net/",
        "https://list.example.net\u3002/\u2028",
    ],
)
def test_a_url_that_could_lead_elsewhere_is_none(uri: str) -> None:
    assert https_url(uri) is None


@pytest.mark.parametrize(
    ("uri", "url"),
    [
        ("https://list.example.net", HttpsUrl("list.example.net", 443, "/")),
        ("HTTPS://A.Example./a/../c;d?e=%2F&f=(g)'$*,+#h", HttpsUrl("a.example", 443, "/a/../c;d?e=%2F&f=(g)'$*,+")),
        ("https://list.example.net?x", HttpsUrl("list.example.net", 443, "/?x")),
        ("https://list.example.net:443/", HttpsUrl("list.example.net", 443, "/")),
        ("https://list.example.net:8443/", HttpsUrl("list.example.net", 8443, "/")),
        ("https://bücher.example/", HttpsUrl("xn--bcher-kva.example", 443, "/")),
        ("https://xn--bcher-kva.example/", HttpsUrl("xn--bcher-kva.example", 443, "/")),
        ("https://list_1.example.net/", HttpsUrl("list_1.example.net", 443, "/")),
        ("https://1.list.example.net/@me", HttpsUrl("1.list.example.net", 443, "/@me")),
    ],
)  # fmt: skip
def test_an_https_url_is_taken_apart_as_browsers_do(uri: str, url: HttpsUrl) -> None:
    assert https_url(uri) == url


def test_only_a_port_that_is_accepted_is_taken() -> None:
    both = replace(NEWSLETTER, unsubscribe=[f"<https://list.example.net:8443/a>, <{URL}>"])
    assert url_of(both) == HttpsUrl("list.example.net", 443, "/leave?t=secret")
    assert url_of(replace(NEWSLETTER, unsubscribe=["<https://list.example.net:22/>"])) is None


def test_a_list_of_uris_is_read_up_to_what_is_none() -> None:
    assert uris_of("<a:1>,<b:2> , (c) <c: 3>,, <d:4>") == ["a:1", "b:2", "c:3"]
    assert uris_of("<a:1> <b:2>") == []
    assert uris_of("<a:1") == []
    assert uris_of("=?utf-8?q?=3Chttps=3A=3E?=") == []
    assert len(uris_of(",".join(["<a:1>"] * 1000))) == 20


@pytest.mark.parametrize(
    "hostile", ["(" * 50_000, '"' * 50_001, "<" * 50_000, "\\(" * 30_000, ";=" * 30_000, "a=b " * 9999]
)
def test_a_hostile_header_takes_no_time(hostile: str) -> None:
    uris_of(hostile)
    findings([f"{OURS}; {hostile}"[:19_999], f"{OURS}; {hostile}"], OURS)
    signature_of(hostile)
    signature_of(hostile[:19_999])


PASSED = "dkim=pass header.d=example.org;"


@pytest.mark.parametrize(
    "hostile",
    [
        {"results": [f"{OURS}; dkim=pass {'a' * 19_000}"]},
        {"results": [f"{OURS}; {'a' * 9_000}{' ' * 9_000}"]},
        {"results": [f"{OURS};{PASSED * 600}"], "signatures": [signature("x:" * 9_000)] * 50},
        {"results": [f"{OURS};{PASSED * 600}"], "signatures": [signature()] * 20_000},
    ],
    ids=["long-name", "name-and-blanks", "long-signatures", "many-signatures"],
)
def test_a_hostile_message_takes_no_time(hostile: dict[str, list[str]]) -> None:
    """Each person can import a message of any form. While one is judged the process does nothing else."""
    began = process_time()
    assert url_of(replace(NEWSLETTER, **hostile)) is None
    assert process_time() - began < 1
