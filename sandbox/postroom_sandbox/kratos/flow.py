"""Self-service flows: the form that an interface renders, and the form with what was wrong in it."""

from collections.abc import Iterable
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from postroom_sandbox.kratos import message
from postroom_sandbox.kratos.error import Json
from postroom_sandbox.kratos.identity import timestamp
from postroom_sandbox.kratos.message import Problem

KINDS = ("login", "registration")
LIFESPAN = timedelta(hours=1)


def new_flow(
    kind: str, channel: str, *, public_url: str, request_url: str, csrf_token: str, return_to: str | None, now: datetime
) -> Json:
    """A fresh flow of a kind in KINDS. `channel` is `api` for programs and `browser` for interfaces, whose
    form carries a token against forged requests."""
    flow_id = str(uuid4())
    flow: Json = {
        "id": flow_id,
        "organization_id": None,
        "type": channel,
        "expires_at": timestamp(now + LIFESPAN),
        "issued_at": timestamp(now),
        "request_url": request_url,
        "ui": {
            "action": f"{public_url}/self-service/{kind}?flow={flow_id}",
            "method": "POST",
            "nodes": [_node("default", "csrf_token", "hidden", value=csrf_token, required=True), *_nodes(kind)],
        },
        "state": "choose_method",
    }
    if return_to:
        flow["return_to"] = return_to
    if kind == "login":
        flow |= {"refresh": False, "requested_aal": "aal1"}
    return flow


def asked_again(flow: Json) -> Json:
    """The flow of a login for somebody who is logged in."""
    flow["refresh"] = True
    flow["ui"]["messages"] = [message.confirm()]
    flow["ui"]["nodes"][-1]["meta"]["label"] |= {"id": 1010001, "text": "Sign in"}
    return flow


def _nodes(kind: str) -> list[Json]:
    if kind == "login":
        return [
            _node("default", "identifier", "text", label=(1070002, "E-Mail"), value="", required=True),
            _password("current-password"),
            _node("password", "method", "submit", label=(1010022, "Sign in with password"), value="password"),
        ]
    email = _node("password", "traits.email", "email", label=(1070002, "E-Mail"), required=True)
    email["attributes"]["autocomplete"] = "email"
    return [
        email,
        _password("new-password"),
        _node("password", "traits.name", "text", label=(1070002, "Name")),
        _node("password", "method", "submit", label=(1040001, "Sign up"), value="password"),
    ]


def _password(autocomplete: str) -> Json:
    node = _node("password", "password", "password", label=(1070001, "Password"), required=True)
    node["attributes"]["autocomplete"] = autocomplete
    return node


def _node(
    group: str,
    name: str,
    kind: str,
    *,
    label: tuple[int, str] | None = None,
    value: str | None = None,
    required: bool = False,
) -> Json:
    attributes: Json = {"name": name, "type": kind, "disabled": False, "node_type": "input"}
    if value is not None:
        attributes["value"] = value
    if required:
        attributes["required"] = True
    meta = {"label": {"id": label[0], "text": label[1], "type": "info"}} if label else {}
    return {"type": "input", "group": group, "attributes": attributes, "messages": [], "meta": meta}


def csrf_token_of(flow: Json) -> str:
    return next(n["attributes"]["value"] for n in flow["ui"]["nodes"] if n["attributes"]["name"] == "csrf_token")


def expired(flow: Json, now: datetime) -> bool:
    return datetime.fromisoformat(flow["expires_at"]) <= now


def refused(flow: Json, values: Json, problems: Iterable[Problem]) -> Json:
    """The flow as it is answered after a refused submission: with the values typed in (never the password) and
    each problem at its field."""
    result = deepcopy(flow)
    ui = result["ui"]
    ui.pop("messages", None)
    nodes: dict[str, Json] = {node["attributes"]["name"]: node for node in ui["nodes"]}
    for name, node in nodes.items():
        node["messages"] = []
        if name == "identifier" or name.startswith("traits."):
            _set_value(node, values.get(name))
    for problem in problems:
        if problem.field is None:
            ui.setdefault("messages", []).append(problem.message)
            continue
        if problem.field not in nodes:
            nodes[problem.field] = _node("default", problem.field, "text")
            ui["nodes"].append(nodes[problem.field])
        nodes[problem.field]["messages"].append(problem.message)
    return result


def _set_value(node: Json, value: Any) -> None:
    if value is None:
        node["attributes"].pop("value", None)
    else:
        node["attributes"]["value"] = value
