"""Readers without protection: what a mail does where nobody stops it. A test that hears nothing elsewhere rests on
them."""

import html
import re
from email import message_from_bytes
from email.message import Message
from email.policy import default
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from hostile_mail.corpus import MAILS
from hostile_mail.mail import HostileMail

BY_ID = {mail.id: mail for mail in MAILS}

FRAME_POLICY = (
    "default-src 'none'; script-src 'none'; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'; sandbox allow-scripts"
)
"""That of the message frame, without our script."""

# What a filter does that takes text, parses it, and puts the result into the page as text again.
_TWICE = """<script type="text/plain" id="mail">%s</script><script>
const once = (text) => new DOMParser().parseFromString(text, 'text/html').documentElement.outerHTML
const again = (text) => { const t = document.createElement('template'); t.innerHTML = text; return t.innerHTML }
const mail = decodeURIComponent(document.getElementById('mail').textContent)
document.open(); document.write(again(once(mail))); document.close()</script>"""


def page_of(mail: HostileMail, place: str) -> str:
    """The mail as the page itself."""
    if mail.html is not None:
        return mail.body(place)
    return _naive(message_from_bytes(mail.message(place), policy=default), f"{place}/{mail.id}")


async def plain(request: Request) -> Response:
    return _html(_page(request))


async def twice(request: Request) -> Response:
    return _html(_TWICE % quote(_page(request)))


async def attachment(request: Request) -> Response:
    mail, place = BY_ID[request.path_params["id"]], request.path_params["place"]
    message = message_from_bytes(mail.message(place), policy=default)
    part = list(message.walk())[request.path_params["number"]]
    return Response(part.get_payload(decode=True) or b"", headers={"Content-Type": part.get_content_type()})


async def framed(request: Request) -> Response:
    """The mail in a frame with the policy and the sandbox of ours alone: no sanitizer, no script of ours."""
    address = "/frames/{place}/{id}".format_map(request.path_params)
    frame = f'<iframe src="{address}" sandbox="allow-scripts" style="width:100%;height:90vh"></iframe>'
    return _html(frame, f"default-src 'none'; style-src 'unsafe-inline'; frame-src {request.base_url}frames/")


async def frame(request: Request) -> Response:
    return _html(_page(request), FRAME_POLICY)


def application() -> Starlette:
    return Starlette(
        routes=[
            Route("/plain/{place}/{id}", plain),
            Route("/twice/{place}/{id}", twice),
            Route("/plain/attachments/{place}/{id}/{number:int}", attachment),
            Route("/framed/{place}/{id}", framed),
            Route("/frames/{place}/{id}", frame),
        ]
    )


def _page(request: Request) -> str:
    return page_of(BY_ID[request.path_params["id"]], request.path_params["place"])


def _html(text: str, policy: str = "") -> Response:
    headers = {"Content-Security-Policy": policy} if policy else {}
    return HTMLResponse(text.encode("utf-8", "surrogatepass"), headers=headers)


def _naive(message: Message, path: str) -> str:
    """A webmail of the year 2000: headers, text and names of files as they come, attachments served from its host."""
    shown = [f"<title>{message['Subject']}</title><h1>{message['Subject']}</h1><p>{_sender(message)}</p>"]
    for number, part in enumerate(message.walk()):
        if part.is_multipart():
            continue
        name, type_ = part.get_filename(), part.get_content_type()
        if part.get_content_disposition() == "attachment" or name:
            shown.append(f'<a class=attachment href="/plain/attachments/{path}/{number}">{name}</a>')
        elif type_.startswith("text/"):
            payload = part.get_payload(decode=True)
            shown.append(
                _decoded(payload, str(part.get_param("charset") or "utf-8")) if isinstance(payload, bytes) else ""
            )
    return "\n".join(shown)


def _sender(message: Message) -> str:
    """The name and the address without its brackets."""
    return re.sub(r"\\(.)", r"\1", html.unescape(str(message["From"] or "")))


def _decoded(data: bytes, charset: str) -> str:
    if charset.lower() not in ("iso-8859-1", "shift_jis", "iso-2022-jp", "us-ascii"):
        charset = "utf-8"
    return data.decode(charset, "replace")
