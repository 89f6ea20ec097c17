"""The messages in a form, with the ids by which interfaces translate them (Kratos, text/id.go)."""

from dataclasses import dataclass
from typing import Any

from postroom_sandbox.kratos.error import Json


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a form was refused: the name of the field (`traits.email`), or None for the form as a whole."""

    field: str | None
    message: Json


def _problem(field: str | None, number: int, text: str, **context: Any) -> Problem:
    message: Json = {"id": number, "text": text, "type": "error"}
    return Problem(field, message | {"context": context} if context else message)


def confirm() -> Json:
    return {"id": 1010003, "text": "Please confirm this action by verifying that it is you.", "type": "info"}


def missing(field: str) -> Problem:
    name = field.rpartition(".")[2]
    return _problem(field, 4000002, f"Property {name} is missing.", property=name)


def invalid(field: str | None, reason: str) -> Problem:
    return _problem(field, 4000001, reason, reason=reason)


def password_too_short(length: int, minimum: int) -> Problem:
    text = f"The password must be at least {minimum} characters long, but got {length}."
    return _problem("password", 4000032, text, actual_length=length, min_length=minimum)


def exists_already() -> Problem:
    text = "An account with the same identifier (email, phone, username, ...) exists already."
    return _problem(None, 4000007, text)


def wrong_credentials() -> Problem:
    text = (
        "The provided credentials are invalid, check for spelling mistakes in your password or username, "
        "email address, or phone number."
    )
    return _problem(None, 4000006, text)


def no_strategy(kind: str) -> Problem:
    number, doing = (4010003, "sign you up with") if kind == "registration" else (4010002, "log you in with")
    return _problem(None, number, f"Could not find a strategy to {doing}. Did you fill out the form correctly?")
