"""Headers: subjects, names and addresses that are markup, too long, broken, or look like something else."""

import base64

from ..mail import HostileMail, raw

IMG = "<img src=x: onerror=%JS%>"


def word(text: str, charset: str = "utf-8") -> str:
    """An encoded word (RFC 2047), which carries anything past a mail server."""
    return f"=?{charset}?B?{base64.b64encode(text.encode(charset)).decode()}?="


def headed(id: str, why: str, headers: str, body: str = "Hello.", **more: str | None) -> HostileMail:  # noqa: A002 - the name in MIME or HTML
    """A mail in plain text with these headers, and with the usual ones that they do not name."""
    usual = {"From": "mara@example.org", "To": "alice@example.org", "Subject": "Hello", "Date": "Wed, 25 Nov 2026 14:32:00 +0000"}
    rest = "".join(f"{name}: {value}\n" for name, value in usual.items() if f"\n{name.lower()}:" not in f"\n{headers.lower()}")
    return raw(id, why, f"{headers}\n{rest}Message-ID: <%ID%@example.org>\n\n{body}\n", **more)


CONTROL = "the attack is on the reader's eye"

MAILS = (
    headed("subject-script", "markup in the subject (Roundcube draft restore, CVE-2026-48849)", f"Subject: Invoice {IMG}"),
    headed("subject-encoded", "markup in an encoded word", "Subject: " + word('Invoice <img src=x: onerror=alert(1)>') + f" {IMG}"),
    headed("subject-title", "a subject that ends a title", f"Subject: </title></h1>{IMG}"),
    headed("subject-entities", "entities, decoded once too often", "Subject: &lt;img src=x: onerror=alert(1)&gt;", silent="entities are decoded once"),
    headed("subject-svg", "SVG in the subject", "Subject: <svg onload=%JS%>"),
    headed("subject-template", "expressions of frameworks", "Subject: {{constructor.constructor('alert(1)')()}} ${7*7} {@html x}", silent="no framework reads it"),
    headed("subject-bidi", "an override turns the words around", "Subject: Invoice \u202egpj.exe\u202c \u2067\u2066end", silent=CONTROL),
    headed("subject-newline", "a line break in an encoded word (header injection)", "Subject: " + word('Hello\r\nBcc: all@example.org\r\n\r\n<p>x'), silent=CONTROL),
    headed("subject-control", "control characters and a terminal's colours", "Subject: " + word('a\0b\x1b[31mc\x07\x08\x7f\u2028\u2029\ufffe'), silent=CONTROL),
    headed("subject-giant", "200 KB of subject", "Subject: " + "\n ".join(["long " * 15] * 2_700), silent=CONTROL),
    headed("subject-word", "a word of 50 KB", "Subject: " + "a" * 50_000, silent=CONTROL),
    headed("subject-zalgo", "letters that cover the lines around them", "Subject: " + word("H" + "\u0301" * 500 + "e" + "\u0323" * 500), silent=CONTROL),
    headed("subject-blank", "nothing but what is not seen", "Subject: " + word('\u200b\u200c\u200d\u2060\ufeff\u3164\u115f'), silent=CONTROL),
    headed("subject-unknown-charset", "a charset that does not exist", "Subject: =?x-none-such?Q?=FF=FEabc?= =?utf-8?Q?=FF=FE=C0=80?=", silent=CONTROL),
    headed("subject-utf7", "UTF-7, which hides brackets", "Subject: =?utf-7?Q?+ADw-img src=3Dx: onerror=3Dalert(1)+AD4-?=", silent="the naive reader decodes no UTF-7"),
    headed("subject-broken-word", "encoded words that never end", "Subject: =?utf-8?B?" + "QUJD" * 2_000 + " =?utf-8?Q?=", silent=CONTROL),
    headed("subject-many-words", "5,000 encoded words", "Subject: " + "\n ".join(["=?utf-8?Q?a?= =?iso-8859-1?Q?=E9?="] * 2_500), silent=CONTROL),
    headed("subject-twice", "two subjects", f"Subject: First\nSubject: Second {IMG}", silent="the naive reader takes the first"),
    headed("subject-raw-bytes", "bytes of no charset at all", "Subject: \u00ff\u00fe\u0080 caf\u00e9", silent=CONTROL),
    headed("from-script", "markup in the sender's name (Zimbra, CVE-2024-45510: add to contacts)", f'From: "Mara {IMG}" <mara@example.org>'),
    headed("from-attribute", "a name that ends an attribute", 'From: "x\\" onmouseover=alert(1) autofocus tabindex=1 onfocus=%JS% y=\\"" <mara@example.org>', silent="the naive reader has the name in no attribute"),
    headed("from-comment", "markup in a comment of an address", f"From: mara@example.org ({IMG})", silent="the naive reader drops comments"),
    headed("from-local-part", "markup in a quoted local part", 'From: "<svg/onload=%JS%>"@example.org'),
    headed("from-name-is-address", "a name that is another address", 'From: "security@bank.example" <mara@example.org>', silent=CONTROL),
    headed("from-name-bidi", "a name that turns the address around", "From: " + word('Bank \u202e gro.elpmaxe@arem') + " <mara@example.org>", silent=CONTROL),
    headed("from-name-spaces", "a name that pushes the address out of sight", "From: " + word('Your bank' + ' ' * 2_000 + '.') + " <mara@example.org>", silent=CONTROL),
    headed("from-name-newline", "a line break in a name (header injection when it is answered)", "From: " + word('Mara\r\nBcc: all@example.org\r\nX: ') + " <mara@example.org>", silent=CONTROL),
    headed("from-null", "a NUL in the address (Mailsploit, 2017)", "From: " + word('president@whitehouse.example\0') + "=?utf-8?Q?=00?=@mara.example", silent=CONTROL),
    headed("from-mailsploit", "an encoded word as the whole address (Mailsploit)", "From: " + word('president@whitehouse.example') + word('\n(<img src=x: onerror=alert(1)>)') + "@mara.example", silent=CONTROL),
    headed("from-homograph", "Cyrillic letters in the domain", "From: PayPal <service@p\u0430yp\u0430l.example>", silent=CONTROL),
    headed("from-many", "a thousand senders", "From: " + ",\n ".join(f"u{i}@example.org" for i in range(1_000)), silent=CONTROL),
    headed("from-none", "no sender at all", "From: ", silent=CONTROL),
    headed("from-group", "a group as the sender", "From: Friends: a@example.org, b@example.org;\nSender: <>", silent=CONTROL),
    headed("to-many", "10,000 recipients", "To: " + ",\n ".join(f'"Person {i}" <u{i}@example.org>' for i in range(10_000)), silent=CONTROL),
    headed("to-nested-comments", "5,000 comments in each other", "To: " + "(" * 5_000 + ")" * 5_000 + " alice@example.org", silent=CONTROL),
    headed("to-route", "a source route", "To: <@a.example,@b.example:alice@example.org>", silent=CONTROL),
    headed("reply-to-elsewhere", "answers go elsewhere", "From: Boss <boss@example.org>\nReply-To: Boss <boss@mara.example>", silent=CONTROL),
    headed("reply-to-script", "markup in Reply-To", f'Reply-To: "{IMG}" <mara@example.org>', silent="the naive reader does not show it"),
    headed("date-far", "a date in the year 9999", "Date: Fri, 31 Dec 9999 23:59:59 -1200", silent=CONTROL),
    headed("date-nonsense", "a date that is none", f"Date: {IMG}", silent="the naive reader does not show it"),
    headed("id-script", "markup in the message's id, and a newline", "References: <a\"onload=%JS%@x> <../../etc/passwd> <" + "a" * 5_000 + ">\nIn-Reply-To: <%ID%@example.org>", silent="the naive reader does not show it"),
    headed("references-many", "5,000 references, itself among them", "References: " + "\n ".join(f"<{i}@example.org>" for i in range(5_000)) + "\n <%ID%@example.org>", silent=CONTROL),
    headed("list-unsubscribe", "a script as the way out of a list", "List-Unsubscribe: <javascript:%JS%>, <data:text/html,x>, <http://127.0.0.1:%URL%/>\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\nList-Id: <img src=x>", silent="nobody unsubscribed"),
    headed("list-unsubscribe-own", "our own sign-out as the way out of a list", "List-Unsubscribe: <https://127.0.0.1/sign-out>\nList-Unsubscribe-Post: List-Unsubscribe=One-Click", silent="nobody unsubscribed"),
    headed("auth-results-forged", "says itself that it is authentic", "Authentication-Results: mail.example.org; dkim=pass header.d=bank.example; spf=pass; dmarc=pass\nReceived-SPF: pass\nFrom: Bank <service@bank.example>", silent=CONTROL),
    headed("auth-results-script", "markup in the results", f"Authentication-Results: {IMG}; dkim=pass", silent="the naive reader does not show it"),
    headed("receipt", "asks for a receipt", "Disposition-Notification-To: <spy@%HOST%>\nReturn-Receipt-To: <spy@%HOST%>\nX-Confirm-Reading-To: <spy@%HOST%>", silent="the naive reader sends none"),
    headed("face", "pictures in headers", "X-Face: abc\nFace: abc\nX-Image-URL: %URL%/i.png\nBIMI-Location: v=BIMI1; l=%URL%/b.svg\nBIMI-Indicator: PHN2Zy8+", silent="the naive reader does not show it"),
    headed("autocrypt", "keys and addresses that a client could fetch", "OpenPGP: url=%URL%/key.asc\nAutocrypt: addr=x; keydata=AAAA\nArchived-At: <%URL%/a>\nList-Archive: <%URL%/l>\nContent-Base: %URL%/", silent="the naive reader fetches none"),
    headed("headers-many", "20,000 headers", "\n".join(f"X-H{i}: v" for i in range(20_000)), silent=CONTROL),
    headed("headers-giant", "one header of 1 MB", "X-Big: " + "\n ".join(["x" * 900] * 1_100), silent=CONTROL),
    headed("headers-no-colon", "a line that is no header", "Subject: Hello\nthis is no header\nX-After: 1", silent=CONTROL),
    headed("headers-space-colon", "a space before the colon (RFC 5322 obs)", f"Subject : {IMG}\nFrom : Mara <mara@example.org>"),
    headed("language", "a language and a direction that are markup", "Content-Language: \"><img src=x>\nContent-Type: text/plain; charset=utf-8", silent=CONTROL),
    headed("keywords", "words that look like our labels", f"Keywords: $seen, {IMG}\nX-Priority: 1\nX-Label: \\Deleted\nX-Spam-Status: No", silent="the naive reader does not show them"),
)
