"""The UI nodes of a form, which user interfaces render, with the ids by which they translate labels (Kratos,
text/id.go)."""

from collections.abc import Mapping

from postroom_sandbox.kratos.error import Json

Label = tuple[int, str]

CONTINUE: Label = (1070009, "Continue")
RESEND: Label = (1070008, "Resend code")
SAVE: Label = (1070003, "Save")


def field(
    group: str, name: str, kind: str, label: Label | None = None, *, value: str | None = None, **more: object
) -> Json:
    """An input. `more` holds further attributes, such as `required`."""
    attributes: Json = {"name": name, "type": kind, "disabled": False, "node_type": "input", **more}
    if value is not None:
        attributes["value"] = value
    return _node("input", group, attributes, label)


def submit(group: str, label: Label, *, name: str = "method", value: str | None = None) -> Json:
    """A button. By default it submits the form with the method of its group."""
    return field(group, name, "submit", label, value=value or group)


def csrf(token: str) -> Json:
    return field("default", "csrf_token", "hidden", value=token, required=True)


def method(group: str) -> Json:
    """The method of a form that has only one."""
    return field(group, "method", "hidden", value=group)


def password(autocomplete: str) -> Json:
    return field("password", "password", "password", (1070001, "Password"), required=True, autocomplete=autocomplete)


def code(label: Label) -> Json:
    return field("code", "code", "text", label, required=True)


def email() -> Json:
    return field("code", "email", "email", (1070007, "Email"), required=True)


def identifier() -> Json:
    return _of_schema(field("default", "identifier", "text", (1070002, "E-Mail"), value="", required=True))


def traits(group: str, kind: str | None = None, values: Mapping[str, str] | None = None) -> list[Json]:
    """The nodes for the traits of the identity schema. `kind` overrides the type of each input."""
    given = values or {}
    address = field(
        group,
        "traits.email",
        kind or "email",
        (1070002, "E-Mail"),
        value=given.get("email"),
        required=True,
        autocomplete="email",
    )
    name = field(group, "traits.name", kind or "text", (1070002, "Name"), value=given.get("name"))
    return [_of_schema(address), _of_schema(name)]


def _of_schema(node: Json) -> Json:
    label = node["meta"]["label"]
    label["context"] = {"title": label["text"]}
    return node


def text(group: str, name: str, label: Label, content: Json) -> Json:
    return _node("text", group, {"id": name, "text": content, "node_type": "text"}, label)


def image(group: str, name: str, label: Label, source: str, side: int) -> Json:
    attributes: Json = {"id": name, "src": source, "width": side, "height": side, "node_type": "img"}
    return _node("img", group, attributes, label)


def anchor(group: str, name: str, label: Label, href: str) -> Json:
    attributes: Json = {"id": name, "href": href, "title": _label(label), "node_type": "a"}
    return _node("a", group, attributes, label)


def _node(kind: str, group: str, attributes: Json, label: Label | None) -> Json:
    meta = {"label": _label(label)} if label else {}
    return {"type": kind, "group": group, "attributes": attributes, "messages": [], "meta": meta}


def _label(label: Label) -> Json:
    return {"id": label[0], "text": label[1], "type": "info"}
