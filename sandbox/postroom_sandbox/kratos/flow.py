"""Self-service flows: how they are stored, which part is shown, and how a refused form changes them."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from postroom_sandbox.kratos import ui_node
from postroom_sandbox.kratos.caller import Caller
from postroom_sandbox.kratos.error import Json
from postroom_sandbox.kratos.form_messages import Problem
from postroom_sandbox.kratos.identity import timestamp

LIFESPAN = timedelta(hours=1)


def new_flow(kind: str, caller: Caller, return_to: str | None, **members: object) -> Json:
    """A new flow without nodes. `internal` holds what is never shown."""
    flow_id = str(uuid4())
    flow: Json = {
        "id": flow_id,
        "type": caller.flow_type,
        "expires_at": timestamp(caller.now + LIFESPAN),
        "issued_at": timestamp(caller.now),
        "request_url": str(caller.request.url),
        "ui": {
            "action": f"{caller.public_url}/self-service/{kind}?flow={flow_id}",
            "method": "POST",
            "nodes": list[Json](),
        },
        "state": "choose_method",
        "internal": {"kind": kind, "csrf_token": caller.csrf_token},
        **members,
    }
    return flow | ({"return_to": return_to} if return_to else {})


def shown(flow: Json) -> Json:
    return {name: value for name, value in flow.items() if name != "internal"}


def set_messages(flow: Json, *messages: Json) -> None:
    """Replace the messages above the form."""
    flow["ui"].pop("messages", None)
    if messages:
        flow["ui"]["messages"] = list(messages)


def csrf_token_of(flow: Json) -> str:
    return flow["internal"]["csrf_token"]


def expired(flow: Json, now: datetime) -> bool:
    return datetime.fromisoformat(flow["expires_at"]) <= now


def refuse(flow: Json, values: Mapping[str, Any], problems: Iterable[Problem]) -> None:
    """Put the submitted values (never the password) into the nodes of the flow, and each problem at its field."""
    ui = flow["ui"]
    set_messages(flow)
    nodes: dict[str, Json] = {each["attributes"].get("name"): each for each in ui["nodes"]}
    for name, found in nodes.items():
        typed = values.get(name)
        if isinstance(typed, str) and (name == "identifier" or name.startswith("traits.")):
            found["attributes"]["value"] = typed
    for problem in problems:
        if problem.field is None:
            ui.setdefault("messages", []).append(problem.message)
            continue
        if problem.field not in nodes:
            nodes[problem.field] = ui_node.field("default", problem.field, "text")
            ui["nodes"].append(nodes[problem.field])
        nodes[problem.field]["messages"].append(problem.message)
