"""Getting back in without the password: a mailed code logs the person in, and leads to the settings."""

from postroom_sandbox.kratos import node
from postroom_sandbox.kratos.error import Json, KratosError
from postroom_sandbox.kratos.flow import csrf_token_of, new_flow
from postroom_sandbox.kratos.mailed_code_form import MailedCodeForm
from postroom_sandbox.kratos.outcome import MovedOn, Outcome
from postroom_sandbox.kratos.session import start_session
from postroom_sandbox.kratos.settings import SettingsForm
from postroom_sandbox.kratos.state import State
from postroom_sandbox.kratos.visit import Visit


class RecoveryForm(MailedCodeForm):
    kind = "recovery"

    def __init__(self, state: State, settings: SettingsForm) -> None:
        super().__init__(state)
        self._settings = settings

    def new(self, visit: Visit, return_to: str | None) -> Json:
        if visit.session:
            reason = "A valid session was detected and thus recovery is not possible."
            go_to = visit.home if visit.channel == "browser" else None
            raise KratosError(400, reason, name="session_already_available", go_to=go_to)
        return new_flow(self.kind, visit, return_to, active="code")

    def nodes(self, flow: Json, *, refused: bool = False) -> list[Json]:
        del refused
        csrf, go_on = node.csrf(csrf_token_of(flow)), node.submit("code", node.CONTINUE)
        if flow["state"] == "choose_method":
            return [csrf, node.email(), go_on]
        code = node.code((1070010, "Recovery code"))
        code["attributes"] |= {"pattern": "[0-9]+", "maxlength": 6}
        resend = node.submit("code", node.RESEND, name="email", value=flow["internal"]["email"])
        return [csrf, code, node.method("code"), go_on, resend]

    def submit(self, flow: Json, values: Json, visit: Visit) -> Outcome:
        email = values.get("email")
        if flow["state"] == "sent_email" and not email:
            return self._check(flow, str(values.get("code", "")), visit)
        return self._mail(flow, email, visit)

    def _passed(self, flow: Json, identity: Json, visit: Visit) -> Outcome:
        token, _ = start_session(self._state, identity, visit.request, visit.now, "code_recovery")
        return MovedOn(visit.page(self._settings.after_recovery(identity, visit)), token)
