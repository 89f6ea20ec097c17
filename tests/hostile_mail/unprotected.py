"""Readers without protection: what a mail does where nobody stops it. A test that hears nothing elsewhere rests on
them."""

import html
import re
from email import message_from_bytes
from email.message import Message
from email.policy import default
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
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

# What a filter does that takes text, parses it, and puts the result into the page as text again. It writes attributes
# as filters on servers do, and as browsers did: since version 138 Chromium escapes < and > in them, with which most
# mutations end.
_TWICE = """<script type="text/plain" id="mail">%s</script><script>
const EMPTY = /^(area|base|basefont|bgsound|br|col|embed|frame|hr|img|input|keygen|link|meta|param|source|track|wbr)$/
const RAW = /^(style|script|xmp|iframe|noembed|noframes|plaintext|noscript)$/
const attribute = (text) => text.replaceAll('&', '&amp;').replaceAll('\\u00a0', '&nbsp;').replaceAll('"', '&quot;')
const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
const isRaw = (node) => node?.namespaceURI === 'http://www.w3.org/1999/xhtml' && RAW.test(node.localName)
function written(node) {
  if (node.nodeType === Node.TEXT_NODE) return isRaw(node.parentElement) ? node.data : escaped(node.data)
  if (node.nodeType === Node.COMMENT_NODE) return `<!--${node.data}-->`
  if (node.nodeType !== Node.ELEMENT_NODE) return ''
  const attributes = [...node.attributes].map(({ name, value }) => ` ${name}="${attribute(value)}"`)
  const start = `<${node.localName}${attributes.join('')}>`
  return EMPTY.test(node.localName) ? start : `${start}${inside(node.content ?? node)}</${node.localName}>`
}
const inside = (node) => [...node.childNodes].map(written).join('')
const once = (text) => written(new DOMParser().parseFromString(text, 'text/html').documentElement)
const again = (text) => { const t = document.createElement('template'); t.innerHTML = text; return inside(t.content) }
const mail = decodeURIComponent(document.getElementById('mail').textContent)
document.open(); document.write(again(once(mail))); document.close()</script>"""

_TOGETHER = "<style>iframe{position:absolute;inset:0;width:100%;height:100%;border:0}</style>"
# A mail may do everything but take the page away in which the others are.
_BESIDE = "allow-scripts allow-same-origin allow-forms allow-popups allow-modals allow-downloads"


def page_of(mail: HostileMail, domain: str) -> str:
    """The mail as the page itself."""
    if mail.html is not None:
        return mail.body(domain)
    return _naive(message_from_bytes(mail.message(domain)), f"{domain}/{mail.id}")


# These are no coroutines: parsing a large message would stop the browser's driver, too.


def plain(request: Request) -> Response:
    return _html(_page(request))


def twice(request: Request) -> Response:
    return _html(_TWICE % quote(_page(request)))


def together(request: Request) -> Response:
    """Many mails in one page, each of them as large as the page: what nobody sees may not load."""
    kind, domain, ids = (request.path_params[name] for name in ("kind", "domain", "ids"))
    frames = [f'<iframe src="/{kind}/{domain}/{name}" sandbox="{_BESIDE}"></iframe>' for name in ids.split(",")]
    return _html(_TOGETHER + "".join(frames))


def attachment(request: Request) -> Response:
    message = message_from_bytes(_mail(request).message(request.path_params["domain"]))
    part = list(message.walk())[request.path_params["number"]]
    return Response(part.get_payload(decode=True) or b"", headers={"Content-Type": part.get_content_type()})


def framed(request: Request) -> Response:
    """The mail in a frame with the policy and the sandbox of ours alone: no sanitizer, no script of ours."""
    address = "/frames/{domain}/{id}".format_map(request.path_params)
    frame = f'<iframe src="{address}" sandbox="allow-scripts" style="width:100%;height:90vh"></iframe>'
    return _html(frame, f"default-src 'none'; style-src 'unsafe-inline'; frame-src {request.base_url}frames/")


def frame(request: Request) -> Response:
    return _html(_page(request), FRAME_POLICY)


def application() -> Starlette:
    return Starlette(
        routes=[
            Route("/plain/{domain}/{id}", plain),
            Route("/twice/{domain}/{id}", twice),
            Route("/plain/attachments/{domain}/{id}/{number:int}", attachment),
            Route("/together/{kind}/{domain}/{ids}", together),
            Route("/framed/{domain}/{id}", framed),
            Route("/frames/{domain}/{id}", frame),
        ]
    )


def _page(request: Request) -> str:
    return page_of(_mail(request), request.path_params["domain"])


def _mail(request: Request) -> HostileMail:
    """A mail's own relative addresses lead here, too."""
    if found := BY_ID.get(request.path_params["id"]):
        return found
    raise HTTPException(404)


def _html(text: str, policy: str = "") -> Response:
    headers = {"Content-Security-Policy": policy} if policy else {}
    return HTMLResponse(text.encode("utf-8", "surrogatepass"), headers=headers)


def _naive(message: Message, path: str) -> str:
    """A webmail of the year 2000: headers, text and names of files as they come, attachments served from its host."""
    subject = _header(message, "Subject")
    shown = [f"<title>{subject}</title><h1>{subject}</h1><p>{_sender(message)}</p>"]
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


def _header(message: Message, name: str) -> str | None:
    """With its encoded words decoded. A whole message that is parsed in this way takes fifteen times as long."""
    return default.header_fetch_parse(name, str(message[name])) if name in message else None


def _sender(message: Message) -> str:
    """The name and the address without its brackets."""
    return re.sub(r"\\(.)", r"\1", html.unescape(str(_header(message, "From") or "")))


def _decoded(data: bytes, charset: str) -> str:
    if charset.lower() not in ("iso-8859-1", "shift_jis", "iso-2022-jp", "us-ascii"):
        charset = "utf-8"
    return data.decode(charset, "replace")
