"""The page where the interface is not built yet. The trial builds it while everything else runs."""

from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from string import Template

from starlette.responses import Response

BUILDING = ".new"
"""`make web` builds in a folder of this ending, beside the one that the interface is served from."""

_PAGE = Template(Path(__file__).with_name("unbuilt.html").read_text("utf-8"))
_STYLE = _PAGE.template.partition("<style>")[2].partition("</style>")[0]
_POLICY = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_AGAIN_SECONDS = 2
"""After which the page loads itself anew."""


def page(folder: Path) -> Response:
    """`folder`: where the interface will be."""
    again = str(_AGAIN_SECONDS)
    headers = {
        "Refresh": again,
        "Retry-After": again,
        "Cache-Control": "no-store",
        "Content-Security-Policy": _POLICY,
        "Content-Type": "text/html; charset=utf-8",
        "X-Content-Type-Options": "nosniff",
    }
    if folder.with_name(folder.name + BUILDING).is_dir():
        texts = {
            "heading": "The interface is being built",
            "text": "Everything else runs already. This page shows the interface as soon as it is there.",
        }
    else:
        texts = {
            "heading": "The interface is not built",
            "text": "Mailboxes, JMAP and live events work without it. To build it, run <code>make web</code> in the "
            "folder of the project; this page shows the interface as soon as it is there.",
        }
    return Response(_PAGE.substitute(texts), 503, headers)
