"""Getting back in without the password: a mailed code logs the person in, and leads to the settings."""

from postroom_sandbox.kratos import message, node
from postroom_sandbox.kratos.error import Json, KratosError
from postroom_sandbox.kratos.flow import csrf_token_of, new_flow, say
from postroom_sandbox.kratos.identity import identifier_of, verified
from postroom_sandbox.kratos.mailed_code import TooManyTries, send_code, spend_code
from postroom_sandbox.kratos.outcome import MovedOn, Outcome, RefusedForm, Shown
from postroom_sandbox.kratos.session import start_session
from postroom_sandbox.kratos.settings import SettingsForm
from postroom_sandbox.kratos.state import State
from postroom_sandbox.kratos.visit import Visit


class RecoveryForm:
    kind = "recovery"

    def __init__(self, state: State, settings: SettingsForm) -> None:
        self._state = state
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
        if not isinstance(email, str) or not email:
            raise RefusedForm(message.missing("email"))
        flow["internal"]["email"], address = email, identifier_of(email)
        if self._state.login(address) is None:
            flow["state"] = "sent_email"  # who has an account here is nobody's business
        else:
            send_code(self._state, visit, self.kind, flow, address)
        flow["ui"]["nodes"] = self.nodes(flow)
        say(flow, message.CODE_SENT[self.kind])
        return Shown(flow)

    def _check(self, flow: Json, code: str, visit: Visit) -> Outcome:
        try:
            address = spend_code(flow, code)
        except TooManyTries as error:
            fresh = self.new(visit, flow.get("return_to"))
            fresh["ui"]["nodes"] = self.nodes(fresh)
            say(fresh, message.invalid(None, str(error)).message)
            return Shown(fresh)
        found = self._state.login(address) if address else None
        flow["ui"]["nodes"] = self.nodes(flow)
        if address is None or found is None:
            say(flow, message.wrong_code(self.kind).message)
            return Shown(flow)
        identity = verified(found[0], address, visit.now)
        self._state.change_identity(identity, address)
        token, _ = start_session(self._state, identity, visit.request, visit.now, "code_recovery")
        flow["state"] = "passed_challenge"
        return MovedOn(visit.page(self._settings.after_recovery(identity, visit)), token)
