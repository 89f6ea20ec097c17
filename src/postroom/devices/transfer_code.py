"""A QR code that sets up an account: the payload of Thunderbird's "Export for Mobile", version 1.

It is the only specified format for mail accounts that a mail program can scan (Thunderbird for Android). No mail
program opens an `imaps://` URL from a QR code, and such a URL lacks the server for outgoing mail.
"""

import io
import json

import segno

from postroom.devices.servers import MailServers

_FORMAT = 1
_FIRST_OF_ONE = [1, 1]
_IMAP = 0
_SMTP = 0
_TLS = 3
_PASSWORD_IN_TLS = 1  # "PasswordCleartext": the password itself, inside TLS


def transfer_payload(email: str, servers: MailServers, password: str | None = None) -> str:
    """Nested JSON arrays. Without a password the program prompts for it."""
    secret = [] if password is None else [password]
    name_of_account = [] if password is None else [""]  # must precede the password; empty means the address
    incoming = [_IMAP, servers.imap.host, servers.imap.port, _TLS, _PASSWORD_IN_TLS, email, *name_of_account, *secret]
    outgoing = [_SMTP, servers.submission.host, servers.submission.port, _TLS, _PASSWORD_IN_TLS, email, *secret]
    identity = [email, ""]  # the name in outgoing mail is the person's to choose
    return json.dumps([_FORMAT, _FIRST_OF_ONE, incoming, [[outgoing, identity]]], separators=(",", ":"))


def transfer_code(email: str, servers: MailServers, password: str | None = None) -> str:
    """The QR code as an SVG document."""
    drawn = io.BytesIO()
    code = segno.make_qr(transfer_payload(email, servers, password), error="m", encoding="utf-8")
    # A white background: on a dark page the code would otherwise be black on black.
    code.save(drawn, kind="svg", scale=4, light="#fff", title="Mail account")
    return drawn.getvalue().decode()
