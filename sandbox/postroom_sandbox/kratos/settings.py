"""The settings flow: a person changes traits, password and authenticator app."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from postroom_sandbox.kratos import form_messages, ui_node
from postroom_sandbox.kratos.caller import Caller
from postroom_sandbox.kratos.error import Json, KratosError
from postroom_sandbox.kratos.flow import csrf_token_of, new_flow, set_messages
from postroom_sandbox.kratos.form_result import FormResult, RefusedForm, ShowFlow
from postroom_sandbox.kratos.identity import changed, check_traits, identifier_of, public, timestamp
from postroom_sandbox.kratos.password import hash_password, password_problem
from postroom_sandbox.kratos.session import add_factor, require_second_factor
from postroom_sandbox.kratos.store import DuplicateIdentifier, Store
from postroom_sandbox.kratos.submitted_form import traits_of
from postroom_sandbox.kratos.totp import QR_SIDE, is_totp, new_secret, qr_code
from postroom_sandbox.kratos.verification import VerificationForm
from postroom_sandbox.kratos.webhook import Webhook

PRIVILEGED = timedelta(minutes=15)
"""How old a login may be to change credentials."""


class SettingsForm:
    kind = "settings"

    def __init__(self, store: Store, webhook: Webhook, verification: VerificationForm) -> None:
        self._store = store
        self._webhook = webhook
        self._verification = verification

    def new(self, caller: Caller, return_to: str | None) -> Json:
        if caller.session is None:
            reason, text = "No active session was found in this request.", "request does not have a valid"
            redirect_to = f"{caller.public_url}/self-service/login/browser" if caller.flow_type == "browser" else None
            text = f"{text} authentication session"
            raise KratosError(401, reason, message=text, name="session_inactive", redirect_to=redirect_to)
        require_second_factor(self._store, caller.session, caller.public_url)
        return self._of(caller.session["identity"], caller, return_to)

    def after_recovery(self, identity: Json, caller: Caller) -> Json:
        flow = self._of(identity, caller, None)
        until = caller.now + PRIVILEGED
        set_messages(flow, form_messages.recovered(until, timestamp(until)))
        flow["ui"]["nodes"] = self.nodes(flow)
        self._store.put_flow(flow)
        return flow

    def _of(self, identity: Json, caller: Caller, return_to: str | None) -> Json:
        flow = new_flow(self.kind, caller, return_to, state="show_form", identity=public(identity))
        flow["internal"]["totp_secret"] = new_secret()
        return flow

    def nodes(self, flow: Json, *, refused: bool = False) -> list[Json]:
        del refused
        return [
            ui_node.csrf(csrf_token_of(flow)),
            *ui_node.traits("profile", values=flow["identity"]["traits"]),
            ui_node.submit("profile", ui_node.SAVE),
            ui_node.password("new-password"),
            ui_node.submit("password", ui_node.SAVE),
            *self._totp_nodes(flow),
        ]

    def _totp_nodes(self, flow: Json) -> list[Json]:
        identity, secret = flow["identity"], flow["internal"]["totp_secret"]
        if self._store.totp(identity["id"]):
            unlink = (1050004, "Unlink TOTP Authenticator App")
            return [ui_node.field("totp", "totp_unlink", "submit", unlink, value="true", required=True)]
        picture = qr_code(secret, identity["traits"]["email"])
        shown = {"id": 1050006, "text": secret, "type": "info", "context": {"secret": secret}}
        hint = "This is your authenticator app secret. Use it if you can not scan the QR code."
        return [
            ui_node.image("totp", "totp_qr", (1050005, "Authenticator app QR code"), picture, QR_SIDE),
            ui_node.text("totp", "totp_secret_key", (1050017, hint), shown),
            ui_node.field("totp", "totp_code", "text", (1070006, "Verify code"), required=True),
            ui_node.submit("totp", ui_node.SAVE),
        ]

    def require_owner(self, flow: Json, caller: Caller) -> Json:
        """The caller's session, which must belong to the person of the flow. Raises KratosError."""
        session = caller.session
        if session is None:
            raise KratosError(401, "A valid Ory Session Cookie or Ory Session Token is missing.")
        if session["identity"]["id"] != flow["identity"]["id"]:
            reason = "The request was made for another identity and has been blocked for security reasons."
            raise KratosError(403, reason, name="security_identity_mismatch")
        require_second_factor(self._store, session, caller.public_url)
        return session

    def submit(self, flow: Json, values: Json, caller: Caller) -> FormResult:
        session = self.require_owner(flow, caller)
        continue_with: list[Json] = []
        match values:
            case {"method": "profile"}:
                continue_with = self._change_traits(flow, values, session, caller)
            case {"method": "password"}:
                self._require_privileged(flow, values, session, caller)
                self._change_password(session["identity"]["id"], values)
            case {"totp_unlink": True | "true"}:
                self._require_privileged(flow, values, session, caller)
                self._store.put_totp(session["identity"]["id"], None)
                flow["internal"]["totp_secret"] = new_secret()
            case {"method": "totp"}:
                self._require_privileged(flow, values, session, caller)
                self._set_up_totp(flow, values, session, caller)
            case _:
                raise RefusedForm(form_messages.no_strategy(4010004, "update your settings"))
        flow["state"] = "success"
        flow["ui"]["nodes"] = self.nodes(flow)
        set_messages(flow, form_messages.SAVED)
        if caller.flow_type == "browser":
            url = flow.get("return_to") or caller.page(flow)
            continue_with.append({"action": "redirect_browser_to", "redirect_browser_to": url})
        flow["continue_with"] = continue_with
        return ShowFlow(flow, token=caller.token)

    def _require_privileged(self, flow: Json, values: Json, session: Json, caller: Caller) -> None:
        """Raises KratosError if the login is too old, and keeps `values` until the person has logged in again."""
        if caller.now - datetime.fromisoformat(session["authenticated_at"]) <= PRIVILEGED:
            return
        flow["internal"]["waiting"] = values
        self._store.put_flow(flow)
        query = {"refresh": "true", "return_to": f"{caller.public_url}/self-service/{self.kind}?flow={flow['id']}"}
        url = f"{caller.public_url}/self-service/login/browser?{urlencode(query)}"
        raise KratosError(
            403,
            "The login session is too old and thus not allowed to update these fields. Please re-authenticate.",
            name="session_refresh_required",
            extra={"redirect_browser_to": url},
            redirect_to=url,
        )

    def _change_traits(self, flow: Json, values: Json, session: Json, caller: Caller) -> list[Json]:
        """Returns what the user interface may do next."""
        traits = traits_of(values)
        if problems := check_traits(traits):
            raise RefusedForm(*problems)
        identity, address = self._store.identity(session["identity"]["id"]), identifier_of(traits["email"])
        assert identity
        address_changes = address != identifier_of(identity["traits"]["email"])
        if address_changes:
            self._require_privileged(flow, values, session, caller)
        new = changed(identity, {**identity, "traits": traits}, caller.now)
        try:
            self._store.change_identity(new, address)
        except DuplicateIdentifier:
            raise RefusedForm(form_messages.exists_already()) from None
        flow["identity"] = public(new)
        self._webhook.trigger(new, flow["id"])
        return [self._verification.start(address, caller)] if address_changes else []

    def _change_password(self, identity_id: str, values: Json) -> None:
        password: Any = values.get("password")
        if problem := password_problem(password):
            raise RefusedForm(problem)
        self._store.put_password(identity_id, hash_password(password))

    def _set_up_totp(self, flow: Json, values: Json, session: Json, caller: Caller) -> None:
        if not values.get("totp_code"):
            raise RefusedForm(form_messages.missing("totp_code"))
        secret = flow["internal"]["totp_secret"]
        if not is_totp(secret, str(values["totp_code"]), caller.now):
            raise RefusedForm(form_messages.wrong_totp("totp_code"))
        self._store.put_totp(session["identity"]["id"], secret)
        add_factor(self._store, str(caller.token), session, caller.now, "totp")
