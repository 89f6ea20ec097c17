"""Signing up: with a password, or by a code that is mailed to the address."""

from typing import Any

from postroom_sandbox.kratos import message, node
from postroom_sandbox.kratos.error import Json, KratosError
from postroom_sandbox.kratos.flow import csrf_token_of, new_flow, say
from postroom_sandbox.kratos.form import traits_of
from postroom_sandbox.kratos.identity import awaiting, check_traits, identifier_of, new_identity, public, verified
from postroom_sandbox.kratos.mailed_code import TooManyTries, send_code, spend_code
from postroom_sandbox.kratos.outcome import Entered, Outcome, RefusedForm, Shown
from postroom_sandbox.kratos.password import hash_password, password_problem
from postroom_sandbox.kratos.session import start_session
from postroom_sandbox.kratos.state import DuplicateIdentifier, State
from postroom_sandbox.kratos.verification import VerificationForm
from postroom_sandbox.kratos.visit import Visit
from postroom_sandbox.kratos.web_hook import WebHook


class RegistrationForm:
    """`web_hook` is told of every registration."""

    kind = "registration"

    def __init__(self, state: State, web_hook: WebHook, verification: VerificationForm) -> None:
        self._state = state
        self._web_hook = web_hook
        self._verification = verification

    def new(self, visit: Visit, return_to: str | None) -> Json:
        if visit.session:
            reason = "A valid session was detected and thus registration is not possible."
            go_to = visit.home if visit.channel == "browser" else None
            text = "you are already logged in"
            raise KratosError(400, reason, message=text, name="session_already_available", go_to=go_to)
        return new_flow(self.kind, visit, return_to, organization_id=None)

    def nodes(self, flow: Json, *, refused: bool = False) -> list[Json]:
        csrf = node.csrf(csrf_token_of(flow))
        if flow["state"] == "choose_method":
            return [
                *node.traits("default"),
                csrf,
                node.submit("code", (1040006, "Send sign up code")),
                node.password("new-password"),
                node.submit("password", (1040001, "Sign up")),
            ]
        known = [*node.traits("default", "hidden", flow["internal"]["traits"]), csrf]
        code, method = node.code((1070012, "Registration code")), node.method("code")
        go_on, resend = node.submit("code", node.CONTINUE), node.submit("code", node.RESEND, name="resend")
        # Another order once it was refused, as in a login.
        return [*known, code, resend, method, go_on] if refused else [*known, method, code, go_on, resend]

    def submit(self, flow: Json, values: Json, visit: Visit) -> Outcome:
        traits = traits_of(values)
        problems = check_traits(traits)
        match values.get("method"):
            case "password":
                password: Any = values.get("password")
                # Kratos looks at the traits first, but for a password that is absent.
                problem = password_problem(password) if not problems or not password else None
                if problems := [*problems, *([problem] if problem else [])]:
                    raise RefusedForm(*problems)
                identity = new_identity(traits, public_url=visit.public_url, now=visit.now)
                return self._register(awaiting(identity), hash_password(password), flow, visit)
            case "code":
                if problems:
                    raise RefusedForm(*problems)
                return self._by_code(traits, flow, values, visit)
            case _ if problems:
                raise RefusedForm(*problems)
            case _:
                raise RefusedForm(message.no_strategy(4010003, "sign you up with"))

    def _by_code(self, traits: Json, flow: Json, values: Json, visit: Visit) -> Outcome:
        address = identifier_of(traits["email"])
        if flow["state"] == "choose_method" or values.get("resend"):
            send_code(self._state, visit, self.kind, flow, address)
            flow["active"], flow["internal"]["traits"] = "code", traits
            flow["ui"]["nodes"] = self.nodes(flow)
            say(flow, message.CODE_SENT[self.kind])
            return Shown(flow, 400)
        if not values.get("code"):
            raise RefusedForm(message.missing("code"))
        try:
            is_right = spend_code(flow, str(values["code"])) == address
        except TooManyTries as error:
            raise RefusedForm(message.invalid(None, str(error))) from error
        if not is_right:
            raise RefusedForm(message.wrong_code(self.kind))
        identity = new_identity(traits, public_url=visit.public_url, now=visit.now)
        return self._register(verified(identity, address, visit.now), None, flow, visit)

    def _register(self, identity: Json, password: str | None, flow: Json, visit: Visit) -> Entered:
        address = identifier_of(identity["traits"]["email"])
        try:
            self._state.add_identity(identity, address, password)
        except DuplicateIdentifier:
            raise RefusedForm(message.exists_already(), forget=True) from None
        self._web_hook.trigger(identity, flow["id"])
        method = "code" if password is None else "password"
        token, session = start_session(self._state, identity, visit.request, visit.now, method)
        then = () if password is None else (self._verification.sent_to(address, visit),)
        return Entered(token, session, public(identity), then)
