"""The table of attacks, second part: targets of foreign accounts, requests with two interpretations, injected
headers."""

import pytest

from attacked_service import BROWSER, COOKIE_OF_BEN, FOREIGN, JSON, OWN, TOKEN_OF_BEN, Attacked

# Stalwart itself answers 200 to an upload into any account.
UPLOADS = """
    FOREIGN/ %62enaccount/ OWN%2F..%2FFOREIGN/ ../upload/FOREIGN/ OWN/../FOREIGN/ OWN;FOREIGN/ OWN/FOREIGN/ OWN%00/
    OWN%20/ ANNACCOUNT/ OWN /
"""
DOWNLOADS = """
    FOREIGN/x/y %62enaccount/x/y OWN/../FOREIGN/x/y OWN%2F..%2FFOREIGN/x/y OWN/..%2F..%2FFOREIGN/y OWN/.. OWN/../y
    OWN/%2e%2e/y OWN/x%00/y OWN/x%3Fa/y OWN/x%0d%0aX:%20y/y OWN/x;y/y OWN/x%5C..%5C/y OWN/x%23/y
"""
NOWHERE = """
    //jmap/session /jmap//session /./jmap/session /api/../jmap/session /api/%2e%2e/jmap/session /api/..;/jmap/session
    /api/%2e%2e%2fjmap/session /jmap/session/ /jmap/session;x /jmap/session%00 /jmap/session%20 /jmap\\session
    /jmap/session%5c /JMAP/session /jmap/session%0d%0aX:y //evil.example/jmap/session /%zz *
"""


@pytest.mark.parametrize(
    ("way", "status"),
    [
        *((f"POST /jmap/upload/{target}", 404) for target in UPLOADS.split()),
        *((f"GET /jmap/download/{target}", 404) for target in DOWNLOADS.split()),
        *((f"GET {target}", 404) for target in NOWHERE.split()),
        ("GET /jmap/session\0", 400),
        ("GET /jmap/sess\xc3\xafon", 400),
        ("GET jmap/session", 400),
        ("GET file:///jmap/session", 400),
        ("GET /" + "a" * 60_000, 404),
        ("GET /" + "a" * 70_000, 431),
        ("CONNECT evil.example:80", 501),
        ("OPTIONS *", 404),
        ("get /jmap/session", 400),
        *((f"{method} /jmap/session", 405) for method in ("POST", "HEAD", "OPTIONS", "TRACE", "PROPFIND")),
        *((f"{method} /jmap/", 405) for method in ("GET", "PUT", "OPTIONS", "TRACE")),
        ("DELETE /jmap/upload/OWN/", 405),
        ("HEAD /jmap/eventsource/?types=*", 405),
        ("GET /jmap/eventsource/?types=*%0d%0aX:y", 400),
        ("GET /jmap/eventsource/?types=*&closeafter=no%26accountId", 400),
        # Whatever else the target contains, the mail server is asked for the person's own account.
        ("GET http://evil.example/jmap/session", 200),
        ("GET http://ben:x@evil.example/jmap/session?x=%00#y", 200),
        ("GET /jmap/download/OWN/x/..%2F..%2FFOREIGN", 200),
        ("GET /jmap/download/OWN/x/y?accept=text/plain%0d%0aX:y&accountId=FOREIGN", 200),
        ("GET /jmap/eventsource/?types=*&accountId=FOREIGN", 502),
    ],
)
async def test_no_request_target_reaches_a_foreign_account_or_an_unknown_path(
    service: Attacked, way: str, status: int
) -> None:
    method, target = way.replace("OWN", OWN).replace("FOREIGN", FOREIGN).encode("latin-1").split(b" ", 1)
    fields = "\r\n".join(["Host: mail.example.org", *BROWSER, "Connection: close", "", ""]).encode()
    answer, *_ = await service.sent(b"%s %s HTTP/1.1\r\n%s" % (method, target, fields))
    assert (answer.status, service.reached()) == (status, status in (200, 502))
    assert not [asked for asked in service.server.asked if FOREIGN in asked.target or "%0" in asked.target]


INNER = f"GET /jmap/session HTTP/1.1\r\nHost: h\r\n{COOKIE_OF_BEN}\r\n\r\n"
"""Hidden in a request of Ann's."""
CALL = '{"using":["urn:ietf:params:jmap:mail"],"methodCalls":[]}'
POST = "\r\n".join(["POST /jmap/ HTTP/1.1", "Host: h", *BROWSER, JSON, ""])
GET = "\r\n".join(["GET /jmap/session HTTP/1.1", "Host: h", *BROWSER, ""])
LENGTH, HIDING = f"Content-Length: {len(CALL)}\r\n", f"Content-Length: {len(INNER)}\r\n"
CHUNKED = "Transfer-Encoding: chunked\r\n"
SIZE = f"{len(CALL):x}"
CHUNK, LAST = f"{SIZE}\r\n{CALL}\r\n", "0\r\n\r\n"


@pytest.mark.parametrize(
    "sent",
    [
        # Two lengths.
        f"{POST}{HIDING}{CHUNKED}\r\n{LAST}",
        f"{POST}{CHUNKED}{HIDING}\r\n{LAST}",
        f"{POST}Content-Length: 0\r\n{HIDING}\r\n",
        f"{POST}{LENGTH}{LENGTH}\r\n{CALL}",
        # An invalid length.
        *(
            f"{POST}Content-Length: {length}\r\n\r\n"
            for length in ("0, 0", "+0", "-1", "0x0", "", "0 0", "1e1", "0\xb2", "9" * 23, "0;x", "\x0b0", "0\0")
        ),
        f"{POST}Content-Length : 0\r\n\r\n",
        # A transfer coding that is unknown, or not the last one.
        *(
            f"{POST}Transfer-Encoding: {coding}\r\n\r\n{CHUNK}{LAST}"
            for coding in ("chunked, identity", "chunked, chunked", "\x0bchunked", "chunked\0", "\r\n chunked")
        ),
        *(
            f"{POST}Transfer-Encoding: {coding}\r\n\r\n{CHUNK}{LAST}"
            for coding in ("xchunked", "chunk\xe9d", "identity", "chunked;q=1", '"chunked"', "chunked x")
        ),
        f"{POST}Transfer-Encoding : chunked\r\n\r\n{CHUNK}{LAST}",
        f"{POST}{CHUNKED}Transfer-Encoding: identity\r\n\r\n{CHUNK}{LAST}",
        # Invalid line endings, and folded header lines.
        f"{POST}{LENGTH}\r\n{CALL}".replace("\r\n", "\n"),
        f"{POST}X: a\nContent-Length: 0\r\n\r\n",
        f"{POST}X: a\rContent-Length: 0\r\n\r\n",
        f"{POST}Content-Length: 0\r\n\n",
        f"{POST}Content-Length: 0\r\n\r",
        f"{GET}X: a\r\n {TOKEN_OF_BEN}\r\n\r\n",
        f"GET /jmap/session HTTP/1.1\r\n {TOKEN_OF_BEN}\r\n\r\n",
        # Invalid field names, and a second Host.
        *(
            f"{GET}{field}\r\n\r\n"
            for field in ("X\0: a", "X Y: a", "X", ": a", "X\xe9: a", "(X): a", "Host: evil.example")
        ),
        # Invalid chunks.
        *(
            f"{POST}{CHUNKED}\r\n{chunk}{LAST}"
            for chunk in (
                *(
                    f"{SIZE}\n{CALL}\r\n",
                    f"{SIZE}\r{CALL}\r\n",
                    f"{SIZE}\r\n{CALL}\n",
                    f"{SIZE}\r\n{CALL}XX",
                    f"{SIZE}\r\n{CALL}",
                ),
                *(f"{sign}{CHUNK}" for sign in ("0x", "-", "+", " ", "1000000000000000", ";")),
                *(f"{SIZE}{more}\r\n{CALL}\r\n" for more in (" ", ";a\nb", ";a\rb", "g", "\0")),
            )
        ),
        f"{POST}{CHUNKED}\r\n{CHUNK}0\n\n",
        f"{POST}{CHUNKED}\r\n0\r\n{HIDING}\r\n",
        # Not HTTP/1.1.
        *(
            f"{start}\r\n\r\n"
            for start in ("GET / HTTP/9.9", "PRI * HTTP/2.0", "\0", "GET\t/ HTTP/1.1", "GET / HTTP/1.1 x")
        ),
        "CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n",
    ],
)
async def test_ambiguous_http_request_ends_the_connection(service: Attacked, sent: str) -> None:
    """No part of the request is executed, and nothing after it is read."""
    answers = await service.sent((sent + INNER).encode("latin-1"))
    assert [answer.status for answer in answers] in ([], [400], [501])
    assert not service.reached()


@pytest.mark.parametrize(
    ("sent", "statuses"),
    [
        (f"{POST}{LENGTH}\r\n{CALL}", [200, 200]),
        (f"{POST}{CHUNKED}\r\n{CHUNK}{LAST}", [200, 200]),
        (f"{POST}Transfer-Encoding:\tCHUNKED\r\n\r\n{SIZE.upper()};a;b=c\r\n{CALL}\r\n000;d\r\n\r\n", [200, 200]),
        (f"{POST}{CHUNKED}\r\n{CHUNK}0\r\n{TOKEN_OF_BEN}\r\n\r\n", [200, 200]),
        (f"GET /jmap/session HTTP/1.1\r\nHost: h\r\n{CHUNKED}\r\n0\r\n{TOKEN_OF_BEN}\r\n\r\n", [401]),
        (f"{POST}Expect: 100-continue\r\n{LENGTH}\r\n{CALL}", [100, 200, 200]),
        (f"{POST}Expect: x\r\n{LENGTH}\r\n{CALL}", [200, 200]),
        (f"{POST}Connection: Upgrade\r\nUpgrade: h2c\r\n{HIDING}\r\n{INNER}", [400, 200]),
        (f"{GET}Connection: Cookie, Upgrade\r\nUpgrade: websocket\r\n\r\n", [200, 200]),
        (f"\r\n\r\n{GET}\r\n", [200, 200]),
        # Data after the last request of a connection.
        (f"{GET}Connection: close\r\n\r\n{INNER}", [200]),
        (f"{GET.replace('1.1', '1.0')}\r\n{INNER}", [200]),
        (f"{POST.replace('1.1', '1.0')}{CHUNKED}Connection: keep-alive\r\n\r\n{CHUNK}{LAST}{INNER}", [200]),
        (f"GET /jmap/session\r\n\r\n{INNER}", [401]),
        # A body that the route does not read must not be taken for a request.
        (f"{GET}{HIDING}\r\n{INNER}", [200, 200]),
        *(
            (f"{way} HTTP/1.1\r\nHost: h\r\n{HIDING}\r\n{INNER}", statuses)
            for way, statuses in (
                ("POST /jmap/", [401]),
                (f"POST /jmap/upload/{FOREIGN}/", [401]),
                ("PUT /jmap/", [405, 200]),
                ("POST /nowhere", [404, 200]),
                ("POST /api/devices", [401, 200]),
                ("POST /internal/mail/provision", [401, 200]),
                ("POST /internal/mail/stalwart", [401, 200]),
                ("GET /metrics", [200, 200]),
            )
        ),
        # After a refused request the connection can still be used.
        (f"GET /jmap/session HTTP/1.1\r\nHost: h\r\n\r\n{GET}\r\n", [401, 200, 200]),
    ],
)
async def test_request_body_cannot_smuggle_another_request(service: Attacked, sent: str, statuses: list[int]) -> None:
    answers = await service.sent(sent.encode("latin-1"))
    assert [answer.status for answer in answers] == statuses
    assert service.asked_as() <= {"ann"}


@pytest.mark.parametrize(
    ("way", "name"),
    [
        ("POST /jmap/", "Accept-Language"),
        ("GET /jmap/eventsource/?types=*", "Last-Event-ID"),
        (f"POST /jmap/upload/{OWN}/", "Content-Type"),
    ],
)
@pytest.mark.parametrize(
    ("value", "read"),
    [("x\nX-Evil: 1", 0), ("x\rX-Evil: 1", 0), ("x\x7f", 0), ("x\0", 0), ("x\tX-Evil", 1), ("x\xff", 1)],
)
async def test_forwarded_header_cannot_inject_another_one(
    service: Attacked, way: str, name: str, value: str, read: int
) -> None:
    await service.ask("GET /jmap/session", BROWSER)  # from now on the account of the login is cached
    service.forget()
    kind = [JSON] if name == "Accept-Language" else []
    answer = await service.ask(way, [*BROWSER, *kind, f"{name}: {value}"], CALL)
    assert ((answer.status == 400), len(service.server.asked)) == (not read, read)
    for _, sent in (field for asked in service.server.asked for field in asked.headers):
        assert "evil" not in sent.lower()
        assert (sent.isascii(), sent.isprintable()) == (True, True)
