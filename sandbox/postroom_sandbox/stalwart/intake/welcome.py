"""The welcome message in a mailbox of the trial."""

from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr, localtime, make_msgid
from html import escape

_TEXT = """\
Welcome{name}!

This mailbox is yours: {address}

It is part of Postroom's trial. Its mail server is a stand-in on this machine: mail to other people of the trial arrives
at once, and no mail ever leaves this machine.

To see new mail arrive, type this in a terminal, in the folder of the trial (.venv/bin/postroom, after
make up):

    postroom sandbox deliver {address} --subject "Good morning"
"""
_HTML = """\
<!doctype html>
<html lang="en"><body style="font:16px sans-serif;line-height:1.5;max-width:36em">
<h1 style="font-size:22px">Welcome{name}!</h1>
<p>This mailbox is yours: <b>{address}</b></p>
<p>It is part of Postroom's trial. Its mail server is a stand-in on this machine: mail to other people of the trial
arrives at once, and no mail ever leaves this machine.</p>
<p>To see new mail arrive, type this in a terminal, in the folder of the trial
(<code>.venv/bin/postroom</code>, after <code>make up</code>):</p>
<pre>postroom sandbox deliver {address} --subject "Good morning"</pre>
</body></html>
"""


def welcome(address: str, name: str) -> bytes:
    """The message for a person, whose display name may be empty."""
    domain = address.rpartition("@")[2]
    message = EmailMessage(policy=SMTP)
    message["From"] = formataddr(("Postroom", f"postmaster@{domain}"))
    message["To"] = address
    message["Subject"] = "Welcome to your new mailbox"
    message["Date"] = format_datetime(localtime())
    message["Message-ID"] = make_msgid("welcome", domain=domain)
    message.set_content(_TEXT.format(name=f", {name}" if name else "", address=address), cte="quoted-printable")
    shown = {"name": escape(f", {name}" if name else ""), "address": escape(address)}
    message.add_alternative(_HTML.format(**shown), subtype="html", cte="quoted-printable")
    return message.as_bytes()
