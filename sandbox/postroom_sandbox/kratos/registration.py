"""The registration flow: with a password, or with a code that is sent to the address."""

from typing import Any

from postroom_sandbox.kratos import form_messages, ui_node
from postroom_sandbox.kratos.caller import Caller
from postroom_sandbox.kratos.error import Json, KratosError
from postroom_sandbox.kratos.flow import csrf_token_of, new_flow, set_messages
from postroom_sandbox.kratos.form_result import FormResult, LoggedIn, RefusedForm, ShowFlow
from postroom_sandbox.kratos.identity import check_traits, identifier_of, new_identity, public, verified, with_code_sent
from postroom_sandbox.kratos.mailed_code import TooManyTries, send_code, spend_code
from postroom_sandbox.kratos.password import hash_password, password_problem
from postroom_sandbox.kratos.session import start_session
from postroom_sandbox.kratos.store import DuplicateIdentifier, Store
from postroom_sandbox.kratos.submitted_form import traits_of
from postroom_sandbox.kratos.verification import VerificationForm
from postroom_sandbox.kratos.webhook import Webhook


class RegistrationForm:
    """`webhook` follows every registration."""

    kind = "registration"

    def __init__(self, store: Store, webhook: Webhook, verification: VerificationForm) -> None:
        self._store = store
        self._webhook = webhook
        self._verification = verification

    def new(self, caller: Caller, return_to: str | None) -> Json:
        if caller.session:
            reason = "A valid session was detected and thus registration is not possible."
            redirect_to = caller.home if caller.flow_type == "browser" else None
            text = "you are already logged in"
            raise KratosError(400, reason, message=text, name="session_already_available", redirect_to=redirect_to)
        return new_flow(self.kind, caller, return_to, organization_id=None)

    def nodes(self, flow: Json, *, refused: bool = False) -> list[Json]:
        csrf = ui_node.csrf(csrf_token_of(flow))
        if flow["state"] == "choose_method":
            return [
                *ui_node.traits("default"),
                csrf,
                ui_node.submit("code", (1040006, "Send sign up code")),
                ui_node.password("new-password"),
                ui_node.submit("password", (1040001, "Sign up")),
            ]
        known = [*ui_node.traits("default", "hidden", flow["internal"]["traits"]), csrf]
        code, method = ui_node.code((1070012, "Registration code")), ui_node.method("code")
        proceed, resend = (
            ui_node.submit("code", ui_node.CONTINUE),
            ui_node.submit("code", ui_node.RESEND, name="resend"),
        )
        # After a refusal the order is another one, as in a login.
        return [*known, code, resend, method, proceed] if refused else [*known, method, code, proceed, resend]

    def submit(self, flow: Json, values: Json, caller: Caller) -> FormResult:
        traits = traits_of(values)
        problems = check_traits(traits)
        match values.get("method"):
            case "password":
                password: Any = values.get("password")
                # Kratos checks the traits first, except when the password is missing.
                problem = password_problem(password) if not problems or not password else None
                if problems := [*problems, *([problem] if problem else [])]:
                    raise RefusedForm(*problems)
                identity = new_identity(traits, public_url=caller.public_url, now=caller.now)
                return self._register(with_code_sent(identity), hash_password(password), flow, caller)
            case "code":
                if problems:
                    raise RefusedForm(*problems)
                return self._by_code(traits, flow, values, caller)
            case _ if problems:
                raise RefusedForm(*problems)
            case _:
                raise RefusedForm(form_messages.no_strategy(4010003, "sign you up with"))

    def _by_code(self, traits: Json, flow: Json, values: Json, caller: Caller) -> FormResult:
        address = identifier_of(traits["email"])
        if flow["state"] == "choose_method" or values.get("resend"):
            send_code(self._store, caller, self.kind, flow, address)
            flow["active"], flow["internal"]["traits"] = "code", traits
            flow["ui"]["nodes"] = self.nodes(flow)
            set_messages(flow, form_messages.CODE_SENT[self.kind])
            return ShowFlow(flow, 400)
        if not values.get("code"):
            raise RefusedForm(form_messages.missing("code"))
        try:
            is_valid = spend_code(flow, str(values["code"])) == address
        except TooManyTries as error:
            raise RefusedForm(form_messages.invalid(None, str(error))) from error
        if not is_valid:
            raise RefusedForm(form_messages.wrong_code(self.kind))
        identity = new_identity(traits, public_url=caller.public_url, now=caller.now)
        return self._register(verified(identity, address, caller.now), None, flow, caller)

    def _register(self, identity: Json, password: str | None, flow: Json, caller: Caller) -> LoggedIn:
        address = identifier_of(identity["traits"]["email"])
        try:
            self._store.add_identity(identity, address, password)
        except DuplicateIdentifier:
            raise RefusedForm(form_messages.exists_already(), clear_input=True) from None
        self._webhook.trigger(identity, flow["id"])
        method = "code" if password is None else "password"
        token, session = start_session(self._store, identity, caller.request, caller.now, method)
        continue_with = () if password is None else (self._verification.start(address, caller),)
        return LoggedIn(token, session, public(identity), continue_with)
