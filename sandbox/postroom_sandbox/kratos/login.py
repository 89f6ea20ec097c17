"""The login flow: by password, by a code sent by mail, and with an authenticator app as a second factor."""

from typing import Any

from postroom_sandbox.kratos import form_messages, ui_node
from postroom_sandbox.kratos.caller import Caller
from postroom_sandbox.kratos.error import Json, KratosError
from postroom_sandbox.kratos.flow import csrf_token_of, new_flow, set_messages
from postroom_sandbox.kratos.form_result import FormResult, LoggedIn, RefusedForm, ShowFlow
from postroom_sandbox.kratos.identity import identifier_of, timestamp, verified
from postroom_sandbox.kratos.mailed_code import TooManyTries, send_code, spend_code
from postroom_sandbox.kratos.password import is_password
from postroom_sandbox.kratos.session import refresh_session, start_session
from postroom_sandbox.kratos.store import Store
from postroom_sandbox.kratos.totp import is_totp

ALREADY_LOGGED_IN = (
    "A valid session was detected and thus login is not possible. Did you forget to set `?refresh=true`?"
)


class LoginForm:
    kind = "login"

    def __init__(self, store: Store) -> None:
        self._store = store

    def new(self, caller: Caller, return_to: str | None) -> Json:
        query, session = caller.request.query_params, caller.session
        aal = query.get("aal", "aal1")
        refresh = query.get("refresh") == "true" and session is not None
        if session is None and aal != "aal1":
            reason = "You can not requested a higher AAL (AAL2/AAL3) without an active session."
            text = "aal2 and aal3 can only be requested if a session exists already"
            raise KratosError(401, reason, message=text, name="session_aal1_required")
        if session and not refresh and aal <= session["authenticator_assurance_level"]:
            redirect_to = caller.home if caller.flow_type == "browser" else None
            text = "you are already logged in"
            raise KratosError(
                400, ALREADY_LOGGED_IN, message=text, name="session_already_available", redirect_to=redirect_to
            )
        moment = timestamp(caller.now)
        members = {"organization_id": None, "created_at": moment, "updated_at": moment}
        flow = new_flow(self.kind, caller, return_to, **members, refresh=refresh, requested_aal=aal)
        if refresh or aal == "aal2":
            set_messages(flow, form_messages.CONFIRM if refresh else form_messages.SECOND_FACTOR)
        return flow

    def nodes(self, flow: Json, *, refused: bool = False) -> list[Json]:
        csrf = ui_node.csrf(csrf_token_of(flow))
        if flow["requested_aal"] == "aal2":
            empty = {} if refused else {"value": ""}
            code = ui_node.field("totp", "totp_code", "text", (1010006, "Authentication code"), required=True, **empty)
            return [csrf, code, ui_node.submit("totp", (1010009, "Use Authenticator"))]
        identifier = ui_node.identifier()
        if hidden := flow["internal"].get("identifier"):
            identifier = ui_node.field("default", "identifier", "hidden", value=hidden)
        if flow["state"] == "sent_email":
            code, method = ui_node.code((1070013, "Login code")), ui_node.method("code")
            resend = ui_node.submit("code", ui_node.RESEND, name="resend")
            proceed = ui_node.submit("code", ui_node.CONTINUE)
            # After a refusal Kratos returns another order, in which the key Enter presses another button.
            if refused:
                return [csrf, identifier, code, resend, method, proceed]
            return [identifier, method, code, proceed, resend, csrf]
        sign_in = (1010001, "Sign in") if flow["refresh"] else (1010022, "Sign in with password")
        return [
            csrf,
            identifier,
            ui_node.submit("code", (1010015, "Send sign in code")),
            ui_node.password("current-password"),
            ui_node.submit("password", sign_in),
        ]

    def submit(self, flow: Json, values: Json, caller: Caller) -> FormResult:
        session = caller.session
        if session and not flow["refresh"] and flow["requested_aal"] <= session["authenticator_assurance_level"]:
            raise RefusedForm(form_messages.invalid(None, ALREADY_LOGGED_IN), clear_input=True)
        match flow["requested_aal"], values.get("method"):
            case "aal1", "password":
                return self._log_in(caller, self._by_password(values), "password")
            case "aal1", "code":
                return self._by_code(flow, values, caller)
            case "aal2", "totp" if session:
                self._check_totp(session["identity"]["id"], values, caller)
                return self._log_in(caller, session["identity"], "totp")
            case _:
                raise RefusedForm(form_messages.no_strategy(4010002, "log you in with"), clear_input=True)

    def _by_password(self, values: Json) -> Json:
        given = {name: values.get(name) for name in ("identifier", "password")}
        if absent := [name for name, value in given.items() if not isinstance(value, str) or not value]:
            raise RefusedForm(*map(form_messages.missing, absent))
        found = self._store.login(identifier_of(str(given["identifier"])))
        if found is None or found[1] is None or not is_password(str(given["password"]), found[1]):
            raise RefusedForm(form_messages.wrong_credentials())
        return found[0]

    def _by_code(self, flow: Json, values: Json, caller: Caller) -> FormResult:
        given: Any = values.get("identifier")
        address = identifier_of(given) if isinstance(given, str) else ""
        flow["internal"]["identifier"] = address
        if not address:
            raise RefusedForm(form_messages.missing("identifier"))
        if flow["state"] == "choose_method" or values.get("resend"):
            return self._send_code(flow, address, caller)
        if not values.get("code"):
            raise RefusedForm(form_messages.missing("code"))
        try:
            is_valid = spend_code(flow, str(values["code"])) == address
        except TooManyTries as error:
            raise RefusedForm(form_messages.invalid(None, str(error))) from error
        found = self._store.login(address) if is_valid else None
        if found is None:
            raise RefusedForm(form_messages.wrong_code(self.kind))
        identity = verified(found[0], address, caller.now)
        self._store.change_identity(identity, address)
        return self._log_in(caller, identity, "code")

    def _send_code(self, flow: Json, address: str, caller: Caller) -> FormResult:
        if self._store.login(address) is None:
            raise RefusedForm(form_messages.no_code_for_account())
        send_code(self._store, caller, self.kind, flow, address)
        flow["active"] = "code"
        flow["ui"]["nodes"] = self.nodes(flow)
        set_messages(flow, form_messages.CODE_SENT[self.kind])
        return ShowFlow(flow, 400)

    def _check_totp(self, identity_id: str, values: Json, caller: Caller) -> None:
        if not values.get("totp_code"):
            raise RefusedForm(form_messages.missing("totp_code"))
        secret = self._store.totp(identity_id)
        if secret is None or not is_totp(secret, str(values["totp_code"]), caller.now):
            raise RefusedForm(form_messages.wrong_totp())

    def _log_in(self, caller: Caller, identity: Json, method: str) -> LoggedIn:
        if identity["state"] != "active":
            raise KratosError(401, "This account was disabled.", message="identity is disabled")
        if caller.token and caller.session and caller.session["identity"]["id"] == identity["id"]:
            session = refresh_session(self._store, caller.token, caller.session, caller.now, method)
            return LoggedIn(caller.token, session)
        return LoggedIn(*start_session(self._store, identity, caller.request, caller.now, method))
