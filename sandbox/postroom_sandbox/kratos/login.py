"""Logging in: by password, by a mailed code, and by an authenticator app on top of either."""

from typing import Any

from postroom_sandbox.kratos import message, node
from postroom_sandbox.kratos.error import Json, KratosError
from postroom_sandbox.kratos.flow import csrf_token_of, new_flow, say
from postroom_sandbox.kratos.identity import identifier_of, timestamp, verified
from postroom_sandbox.kratos.mailed_code import TooManyTries, send_code, spend_code
from postroom_sandbox.kratos.outcome import Entered, Outcome, RefusedForm, Shown
from postroom_sandbox.kratos.password import is_password
from postroom_sandbox.kratos.session import refresh_session, start_session
from postroom_sandbox.kratos.state import State
from postroom_sandbox.kratos.totp import is_totp
from postroom_sandbox.kratos.visit import Visit

ALREADY = "A valid session was detected and thus login is not possible. Did you forget to set `?refresh=true`?"


class LoginForm:
    kind = "login"

    def __init__(self, state: State) -> None:
        self._state = state

    def new(self, visit: Visit, return_to: str | None) -> Json:
        query, session = visit.request.query_params, visit.session
        aal = query.get("aal", "aal1")
        refresh = query.get("refresh") == "true" and session is not None
        if session is None and aal != "aal1":
            reason = "You can not requested a higher AAL (AAL2/AAL3) without an active session."
            text = "aal2 and aal3 can only be requested if a session exists already"
            raise KratosError(401, reason, message=text, name="session_aal1_required")
        if session and not refresh and aal <= session["authenticator_assurance_level"]:
            go_to = visit.home if visit.channel == "browser" else None
            text = "you are already logged in"
            raise KratosError(400, ALREADY, message=text, name="session_already_available", go_to=go_to)
        moment = timestamp(visit.now)
        members = {"organization_id": None, "created_at": moment, "updated_at": moment}
        flow = new_flow(self.kind, visit, return_to, **members, refresh=refresh, requested_aal=aal)
        if refresh or aal == "aal2":
            say(flow, message.CONFIRM if refresh else message.SECOND_FACTOR)
        return flow

    def nodes(self, flow: Json, *, refused: bool = False) -> list[Json]:
        csrf = node.csrf(csrf_token_of(flow))
        if flow["requested_aal"] == "aal2":
            empty = {} if refused else {"value": ""}
            code = node.field("totp", "totp_code", "text", (1010006, "Authentication code"), required=True, **empty)
            return [csrf, code, node.submit("totp", (1010009, "Use Authenticator"))]
        identifier = node.identifier()
        if hidden := flow["internal"].get("identifier"):
            identifier = node.field("default", "identifier", "hidden", value=hidden)
        if flow["state"] == "sent_email":
            code, method = node.code((1070013, "Login code")), node.method("code")
            resend = node.submit("code", node.RESEND, name="resend")
            go_on = node.submit("code", node.CONTINUE)
            # Another order once it was refused: then the key Enter presses another button.
            if refused:
                return [csrf, identifier, code, resend, method, go_on]
            return [identifier, method, code, go_on, resend, csrf]
        sign_in = (1010001, "Sign in") if flow["refresh"] else (1010022, "Sign in with password")
        return [
            csrf,
            identifier,
            node.submit("code", (1010015, "Send sign in code")),
            node.password("current-password"),
            node.submit("password", sign_in),
        ]

    def submit(self, flow: Json, values: Json, visit: Visit) -> Outcome:
        session = visit.session
        if session and not flow["refresh"] and flow["requested_aal"] <= session["authenticator_assurance_level"]:
            raise RefusedForm(message.invalid(None, ALREADY), forget=True)
        match flow["requested_aal"], values.get("method"):
            case "aal1", "password":
                return self._enter(visit, self._by_password(values), "password")
            case "aal1", "code":
                return self._by_code(flow, values, visit)
            case "aal2", "totp" if session:
                self._check_totp(session["identity"]["id"], values, visit)
                return self._enter(visit, session["identity"], "totp")
            case _:
                raise RefusedForm(message.no_strategy(4010002, "log you in with"), forget=True)

    def _by_password(self, values: Json) -> Json:
        given = {name: values.get(name) for name in ("identifier", "password")}
        if absent := [name for name, value in given.items() if not isinstance(value, str) or not value]:
            raise RefusedForm(*map(message.missing, absent))
        found = self._state.login(identifier_of(str(given["identifier"])))
        if found is None or found[1] is None or not is_password(str(given["password"]), found[1]):
            raise RefusedForm(message.wrong_credentials())
        return found[0]

    def _by_code(self, flow: Json, values: Json, visit: Visit) -> Outcome:
        given: Any = values.get("identifier")
        address = identifier_of(given) if isinstance(given, str) else ""
        flow["internal"]["identifier"] = address
        if not address:
            raise RefusedForm(message.missing("identifier"))
        if flow["state"] == "choose_method" or values.get("resend"):
            return self._send_code(flow, address, visit)
        if not values.get("code"):
            raise RefusedForm(message.missing("code"))
        try:
            is_right = spend_code(flow, str(values["code"])) == address
        except TooManyTries as error:
            raise RefusedForm(message.invalid(None, str(error))) from error
        found = self._state.login(address) if is_right else None
        if found is None:
            raise RefusedForm(message.wrong_code(self.kind))
        identity = verified(found[0], address, visit.now)
        self._state.change_identity(identity, address)
        return self._enter(visit, identity, "code")

    def _send_code(self, flow: Json, address: str, visit: Visit) -> Outcome:
        if self._state.login(address) is None:
            raise RefusedForm(message.no_code_for_account())
        send_code(self._state, visit, self.kind, flow, address)
        flow["active"] = "code"
        flow["ui"]["nodes"] = self.nodes(flow)
        say(flow, message.CODE_SENT[self.kind])
        return Shown(flow, 400)

    def _check_totp(self, identity_id: str, values: Json, visit: Visit) -> None:
        if not values.get("totp_code"):
            raise RefusedForm(message.missing("totp_code"))
        secret = self._state.totp(identity_id)
        if secret is None or not is_totp(secret, str(values["totp_code"]), visit.now):
            raise RefusedForm(message.wrong_totp())

    def _enter(self, visit: Visit, identity: Json, method: str) -> Entered:
        if identity["state"] != "active":
            raise KratosError(401, "This account was disabled.", message="identity is disabled")
        if visit.token and visit.session and visit.session["identity"]["id"] == identity["id"]:
            session = refresh_session(self._state, visit.token, visit.session, visit.now, method)
            return Entered(visit.token, session)
        return Entered(*start_session(self._state, identity, visit.request, visit.now, method))
