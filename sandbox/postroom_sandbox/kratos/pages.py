"""The pages for people: the forms, the result of a registration, and the mail that would have been sent."""

from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from importlib.resources import files
from string import Template

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from postroom_sandbox.kratos.error import Json
from postroom_sandbox.kratos.session import COOKIE, current_session
from postroom_sandbox.kratos.store import Delivery, Store

_TEMPLATE = Template(files("postroom_sandbox.kratos").joinpath("page.html").read_text("utf-8"))
_TITLES = {
    "registration": "Register",
    "login": "Log in",
    "settings": "Settings",
    "recovery": "Recover an account",
    "verification": "Verify an address",
}
_WITHOUT_SESSION = ("registration", "login")
_SENT = "sent_email"
_HINTS = {"password": "8 characters or more.", "traits.email": "The address of the mailbox: you@example.org."}


def page_routes(store: Store, kinds: Sequence[str]) -> list[Route]:
    async def welcome(request: Request) -> Response:
        found = current_session(store, request, datetime.now(UTC))
        if found is None:
            return RedirectResponse("/registration", 303)
        identity = found[1]["identity"]
        deliveries = store.deliveries(limit=20, identity_id=identity["id"])
        return _page(
            "Welcome",
            f"<p>{escape(identity['traits']['email'])} is registered. The id of the identity is"
            f' <code id="identity-id">{identity["id"]}</code>.</p>',
            f"<h2>Webhooks sent to Postroom</h2>{_deliveries(deliveries)}",
            '<p><a href="/welcome">Reload this page</a>, or change the <a href="/settings">settings</a>.</p>',
        )

    async def form(request: Request) -> Response:
        kind = request.url.path.removeprefix("/")
        flow = store.flow(request.query_params.get("flow", ""))
        if flow is not None:
            return _page(_TITLES[kind], _form(kind, flow))
        answer = RedirectResponse(f"/self-service/{kind}/browser", 303)
        if kind in _WITHOUT_SESSION:
            # Kratos starts no such flow for a person who is logged in. Here the next person may use the same browser.
            answer.delete_cookie(COOKIE)
        return answer

    async def mails(_request: Request) -> Response:
        found = store.messages(limit=20)
        parts = (f"<h2>To {escape(each['recipient'])}</h2><pre>{escape(each['body'])}</pre>" for each in found)
        return _page("Mail that would have been sent", *parts)

    return [
        Route("/welcome", welcome, methods=["GET"]),
        Route("/mails", mails, methods=["GET"]),
        *(Route(f"/{kind}", form, methods=["GET"]) for kind in kinds),
    ]


def _page(title: str, *parts: str) -> Response:
    return HTMLResponse(_TEMPLATE.substitute(title=title, body="\n".join(parts)))


def _deliveries(deliveries: list[Delivery]) -> str:
    if not deliveries:
        return "<p>None.</p>"
    names = ("Sent", "Address", "Identity", "Attempt", "Response")
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    rows = ((d.sent_at, d.email, d.identity_id, str(d.attempt), d.answer) for d in deliveries)
    lines = ("".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows)
    return f"<table><tr>{head}</tr>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


def _form(kind: str, flow: Json) -> str:
    ui = flow["ui"]
    fields = "".join(_field(kind, node) for node in ui["nodes"])
    action, method = escape(ui["action"]), ui["method"].lower()
    hint = '<p>The stand-in sends no mail: <a href="/mails">read it here</a>.</p>' if flow["state"] == _SENT else ""
    messages = _messages(ui.get("messages", []))
    return f'{messages}{hint}<form method="{method}" action="{action}">{fields}</form>'


def _messages(messages: list[Json]) -> str:
    texts = "<br>".join(escape(message["text"]) for message in messages)
    return f'<p class="error" role="alert">{texts}</p>' if texts else ""


def _field(kind: str, node: Json) -> str:
    """One UI node of the flow as Kratos' user interfaces render it: label, input, and its messages."""
    attributes = node["attributes"]
    if node["type"] != "input":
        return _shown(node)
    name, value = attributes["name"], escape(str(attributes.get("value", "")))
    if attributes["type"] == "hidden":
        return f'<input type="hidden" name="{name}" value="{value}">'
    label = escape(node["meta"]["label"]["text"]) if node["meta"] else name
    if attributes["type"] == "submit":
        return f'<button name="{name}" value="{value}">{label}</button>'
    # Not `required`: a form has several buttons, and each of them needs other fields.
    autocomplete = f' autocomplete="{attributes["autocomplete"]}"' if "autocomplete" in attributes else ""
    hint = _HINTS.get(name, "") if kind == "registration" else ""
    return (
        f'<label for="{name}">{label}</label>{_messages(node["messages"])}'
        f'<input id="{name}" name="{name}" type="{attributes["type"]}" value="{value}"{autocomplete}'
        f' aria-describedby="{name}-hint"><div id="{name}-hint">{hint}</div>'
    )


def _shown(node: Json) -> str:
    """A node without input: a picture, a text or a link."""
    attributes, label = node["attributes"], escape(node["meta"]["label"]["text"])
    match node["type"]:
        case "img":
            return f'<p><img src="{attributes["src"]}" alt="{label}" width="{attributes["width"]}"></p>'
        case "a":
            return f'<p><a href="{escape(attributes["href"])}">{label}</a></p>'
        case _:
            return f"<p>{label}<br><code>{escape(attributes['text']['text'])}</code></p>"
