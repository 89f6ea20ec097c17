"""What recovery and verification share: a form that mails a code to an address, and takes it."""

from abc import ABC, abstractmethod

from postroom_sandbox.kratos import message
from postroom_sandbox.kratos.error import Json
from postroom_sandbox.kratos.flow import say
from postroom_sandbox.kratos.identity import identifier_of, verified
from postroom_sandbox.kratos.mailed_code import TooManyTries, send_code, spend_code
from postroom_sandbox.kratos.outcome import Outcome, RefusedForm, Shown
from postroom_sandbox.kratos.state import State
from postroom_sandbox.kratos.visit import Visit


class MailedCodeForm(ABC):
    kind: str

    def __init__(self, state: State) -> None:
        self._state = state

    @abstractmethod
    def new(self, visit: Visit, return_to: str | None) -> Json: ...

    @abstractmethod
    def nodes(self, flow: Json, *, refused: bool = False) -> list[Json]: ...

    @abstractmethod
    def _passed(self, flow: Json, identity: Json, visit: Visit) -> Outcome:
        """What follows the right code of this identity."""

    def _mail(self, flow: Json, email: object, visit: Visit) -> Outcome:
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
        flow["state"] = "passed_challenge"
        return self._passed(flow, identity, visit)
