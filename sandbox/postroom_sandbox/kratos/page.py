"""The pages for people: the forms, and what became of a registration."""

from datetime import UTC, datetime
from html import escape
from importlib.resources import files
from string import Template

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from postroom_sandbox.kratos.error import Json
from postroom_sandbox.kratos.flow import KINDS
from postroom_sandbox.kratos.session import COOKIE, session_of
from postroom_sandbox.kratos.state import Delivery, State

_TEMPLATE = Template(files("postroom_sandbox.kratos").joinpath("page.html").read_text("utf-8"))
_TITLES = {"registration": "Register", "login": "Log in"}
_HINTS = {"password": "8 characters or more.", "traits.email": "The address of the mailbox: you@example.org."}


def page_routes(state: State) -> list[Route]:
    async def welcome(request: Request) -> Response:
        session = session_of(state, request, datetime.now(UTC))
        if session is None:
            return RedirectResponse("/registration", 303)
        identity = session["identity"]
        deliveries = state.deliveries(limit=20, identity_id=identity["id"])
        return _page(
            "Welcome",
            f"<p>{escape(identity['traits']['email'])} is registered. The id of the identity is"
            f' <code id="identity-id">{identity["id"]}</code>.</p>',
            f"<h2>What Postroom was told</h2>{_deliveries(deliveries)}",
            '<p><a href="/welcome">Look again</a></p>',
        )

    async def form(request: Request) -> Response:
        kind = request.url.path.removeprefix("/")
        flow = state.flow(request.query_params.get("flow", ""))
        if flow is not None:
            return _page(_TITLES[kind], _form(kind, flow))
        # Kratos starts no flow for a person who is logged in; here the next one may sit at the same browser.
        answer = RedirectResponse(f"/self-service/{kind}/browser", 303)
        answer.delete_cookie(COOKIE)
        return answer

    return [Route("/welcome", welcome, methods=["GET"]), *(Route(f"/{kind}", form, methods=["GET"]) for kind in KINDS)]


def _page(title: str, *parts: str) -> Response:
    return HTMLResponse(_TEMPLATE.substitute(title=title, body="\n".join(parts)))


def _deliveries(deliveries: list[Delivery]) -> str:
    if not deliveries:
        return "<p>None.</p>"
    names = ("Sent", "Address", "Identity", "Try", "Answer")
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    rows = ((d.sent_at, d.email, d.identity_id, str(d.attempt), d.answer) for d in deliveries)
    lines = ("".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows)
    return f"<table><tr>{head}</tr>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


def _form(kind: str, flow: Json) -> str:
    ui = flow["ui"]
    fields = "".join(_field(kind, node) for node in ui["nodes"])
    action = escape(ui["action"])
    return f'{_messages(ui.get("messages", []))}<form method="post" action="{action}">{fields}</form>'


def _messages(messages: list[Json]) -> str:
    texts = "<br>".join(escape(message["text"]) for message in messages)
    return f'<p class="error" role="alert">{texts}</p>' if texts else ""


def _field(kind: str, node: Json) -> str:
    """One node of the flow as Kratos' interfaces render it: label, input, and what is wrong with it."""
    attributes = node["attributes"]
    name, value = attributes["name"], escape(str(attributes.get("value", "")))
    if attributes["type"] == "hidden":
        return f'<input type="hidden" name="{name}" value="{value}">'
    label = escape(node["meta"]["label"]["text"]) if node["meta"] else name
    if attributes["type"] == "submit":
        return f'<button name="{name}" value="{value}">{label}</button>'
    required = " required" if attributes.get("required") else ""
    autocomplete = f' autocomplete="{attributes["autocomplete"]}"' if "autocomplete" in attributes else ""
    hint = _HINTS.get(name, "") if kind == "registration" else ""
    return (
        f'<label for="{name}">{label}</label>{_messages(node["messages"])}'
        f'<input id="{name}" name="{name}" type="{attributes["type"]}" value="{value}"{required}{autocomplete}'
        f' aria-describedby="{name}-hint"><div id="{name}-hint">{hint}</div>'
    )
