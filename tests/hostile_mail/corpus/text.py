"""Plain text that turns into markup when its links, quotes or smileys are dressed up."""

from ..mail import HostileMail, raw

IMG = "<img src=x: onerror=%JS%>"


def text(id: str, why: str, body: str, type: str = "text/plain; charset=utf-8", **more: str | None) -> HostileMail:  # noqa: A002 - the name in MIME or HTML
    head = f"From: Mara <mara@example.org>\nTo: alice@example.org\nSubject: Hello\nMessage-ID: <%ID%@example.org>\nMIME-Version: 1.0\nContent-Type: {type}\n"
    return raw(id, why, f"{head}\n{body}\n", **more)


MAILS = (
    text("text-markup", "markup in plain text", f"Hello {IMG}"),
    text("text-link-markup", "markup behind an address (Roundcube, CVE-2026-54433)", 'a@a.co?]<img/src="x:"/onerror=%JS%>'),
    text("text-linkref", "a reference to a link (Roundcube, CVE-2023-43770)", f"[<script>%JS%</script>]:https://example.org\n\n[{IMG}] https://example.org"),
    text("text-linkref-marker", "the marker that Roundcube itself puts in (CVE-2020-35730)", f"[{IMG}]:##str_replacement_0##\n##str_replacement_0## http://example.org/{IMG}"),
    text("text-link-quote", "a quote inside of a link", 'https://example.org/"onmouseover="%JS%"autofocus=1" http://x/<svg/onload=%JS%>'),
    text("text-link-scheme", "links that are scripts", "javascript:%JS% JavaScript://x%0a%JS% data:text/html,<svg/onload=%JS%> vbscript:x <javascript:%JS%>"),
    text("text-link-long", "a link of 200 KB", "https://example.org/" + "a" * 200_000, silent="the naive reader makes no links"),
    text("text-redos", "what slows patterns down", "a@" * 20_000 + "\n" + "http://" * 20_000 + "\n" + "*" * 20_000 + "_" * 20_000 + "\n" + "> " * 20_000, silent="the naive reader has no patterns"),
    text("text-quotes", "quotes 5,000 deep", ">" * 5_000 + " x\n" * 3, silent="the naive reader has no quotes"),
    text("text-lines", "200,000 lines", "x\n" * 200_000, silent="only long"),
    text("text-one-line", "one line of 1 MB", "x" * 900_000, silent="only long"),
    text("text-flowed", "format=flowed with markup", f"> {IMG} \n> flows \nhere", type="text/plain; format=flowed; delsp=yes"),
    text("text-bidi", "turns around", "Pay to \u202e4321 ELPMAXE\u202c \u2067x\u2069\nhttps://example.org/\u202egnp.exe", silent="the attack is on the reader's eye"),
    text("text-ansi", "control characters", "\x1b[2J\x1b]0;x\x07\x00\x08\x0c\x7f", silent="the attack is on terminals"),
    text("text-unknown-charset", "a charset that does not exist", f"Hello {IMG}", type="text/plain; charset=x-none-such"),
    text("text-utf7", "UTF-7 (Internet Explorer)", "+ADw-img src=x: onerror=alert(1)+AD4-", type="text/plain; charset=utf-7", silent="decoded as ASCII"),
    text("text-enriched", "enriched text", f"<bold>x</bold><param>{IMG}</param>", type="text/enriched"),
    text("text-markdown", "Markdown with markup", f"[x](javascript:%JS%) ![x](%URL%/i.png) {IMG}", type="text/markdown"),
    text("text-empty", "nothing", "", silent="empty"),
    text("text-signature", "a signature that is markup", f"Hello\n-- \n{IMG}"),
    text("text-snippet", "markup at the beginning, where the list shows it", f"{IMG}\n\nHello"),
    text("text-diff", "a uuencoded file inside of the text (Outlook, RainLoop)", f"{IMG}\nbegin 644 x.html\nM/&EM9R!S<F,]>#H@;VYE<G)O<CUA;&5R=\n`\nend"),
)
