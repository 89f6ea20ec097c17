"""The messages in forms, with the ids by which user interfaces translate them (Kratos, text/id.go)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from postroom_sandbox.kratos.error import Json


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a form was refused: the name of the field (`traits.email`), or None for the form as a whole."""

    field: str | None
    message: Json


def _info(number: int, text: str, kind: str = "info") -> Json:
    return {"id": number, "text": text, "type": kind}


CONFIRM = _info(1010003, "Please confirm this action by verifying that it is you.")
SECOND_FACTOR = _info(1010004, "Please complete the second authentication challenge.")
SAVED = _info(1050001, "Your changes have been saved!", "success")
VERIFIED = _info(1080002, "You successfully verified your email address.", "success")

_SENT = "has been sent to the email address you provided. If you have not received an email, check the spelling of the "
_REGISTERED = "address and make sure to use the address you registered with."
CODE_SENT = {
    "login": _info(1010014, f"An email containing a code {_SENT}address and retry the login."),
    "registration": _info(1040005, f"An email containing a code {_SENT}address and retry the registration."),
    "recovery": _info(1060003, f"An email containing a recovery code {_SENT}{_REGISTERED}"),
    "verification": _info(1080003, f"An email containing a verification code {_SENT}{_REGISTERED}"),
}
_WRONG_CODE = {"login": 4010008, "registration": 4040003, "recovery": 4060006, "verification": 4070006}
TOO_OFTEN = "The request was submitted too often. Please request another code."


def recovered(until: datetime, moment: str) -> Json:
    text = (
        "You successfully recovered your account. Please change your password or set up an alternative login method "
        "(e.g. social sign in) within the next 15.00 minutes."
    )
    context = {
        "privilegedSessionExpiresAt": moment,
        "privileged_session_expires_at": moment,
        "privileged_session_expires_at_unix": int(until.timestamp()),
    }
    return _info(1060001, text, "success") | {"context": context}


def _problem(field: str | None, number: int, text: str, **context: Any) -> Problem:
    message = _info(number, text, "error")
    return Problem(field, message | {"context": context} if context else message)


def missing(field: str) -> Problem:
    name = field.rpartition(".")[2]
    return _problem(field, 4000002, f"Property {name} is missing.", property=name)


def invalid(field: str | None, reason: str) -> Problem:
    return _problem(field, 4000001, reason, reason=reason)


def too_short(field: str, length: int, minimum: int) -> Problem:
    text = f"length must be >= {minimum}, but got {length}"
    return _problem(field, 4000003, text, actual_length=length, min_length=minimum)


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


def no_code_for_account() -> Problem:
    return _problem(None, 4000035, "This account does not exist or has not setup sign in with code.")


def wrong_code(kind: str) -> Problem:
    text = f"The {kind} code is invalid or has already been used. Please try again."
    return _problem(None, _WRONG_CODE[kind], text)


def wrong_totp(field: str | None = None) -> Problem:
    return _problem(field, 4000008, "The provided authentication code is invalid, please try again.")


def no_strategy(number: int, doing: str) -> Problem:
    return _problem(None, number, f"Could not find a strategy to {doing}. Did you fill out the form correctly?")
