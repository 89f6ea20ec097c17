"""The recovery flow: a code sent by mail logs the person in without the password and leads to the settings."""

from postroom_sandbox.kratos import ui_node
from postroom_sandbox.kratos.caller import Caller
from postroom_sandbox.kratos.error import Json, KratosError
from postroom_sandbox.kratos.flow import csrf_token_of, new_flow
from postroom_sandbox.kratos.form_result import FormResult, RedirectBrowser
from postroom_sandbox.kratos.mailed_code_form import MailedCodeForm
from postroom_sandbox.kratos.session import start_session
from postroom_sandbox.kratos.settings import SettingsForm
from postroom_sandbox.kratos.store import Store


class RecoveryForm(MailedCodeForm):
    kind = "recovery"

    def __init__(self, store: Store, settings: SettingsForm) -> None:
        super().__init__(store)
        self._settings = settings

    def new(self, caller: Caller, return_to: str | None) -> Json:
        if caller.session:
            reason = "A valid session was detected and thus recovery is not possible."
            redirect_to = caller.home if caller.flow_type == "browser" else None
            raise KratosError(400, reason, name="session_already_available", redirect_to=redirect_to)
        return new_flow(self.kind, caller, return_to, active="code")

    def nodes(self, flow: Json, *, refused: bool = False) -> list[Json]:
        del refused
        csrf, proceed = ui_node.csrf(csrf_token_of(flow)), ui_node.submit("code", ui_node.CONTINUE)
        if flow["state"] == "choose_method":
            return [csrf, ui_node.email(), proceed]
        code = ui_node.code((1070010, "Recovery code"))
        code["attributes"] |= {"pattern": "[0-9]+", "maxlength": 6}
        resend = ui_node.submit("code", ui_node.RESEND, name="email", value=flow["internal"]["email"])
        return [csrf, code, ui_node.method("code"), proceed, resend]

    def submit(self, flow: Json, values: Json, caller: Caller) -> FormResult:
        email = values.get("email")
        if flow["state"] == "sent_email" and not email:
            return self._check(flow, str(values.get("code", "")), caller)
        return self._mail(flow, email, caller)

    def _code_accepted(self, flow: Json, identity: Json, caller: Caller) -> FormResult:
        token, _ = start_session(self._store, identity, caller.request, caller.now, "code_recovery")
        return RedirectBrowser(caller.page(self._settings.after_recovery(identity, caller)), token)
