"""The form that recovery and verification share: it sends a code to an address, and checks it."""

from abc import ABC, abstractmethod

from postroom_sandbox.kratos import form_messages
from postroom_sandbox.kratos.caller import Caller
from postroom_sandbox.kratos.error import Json
from postroom_sandbox.kratos.flow import set_messages
from postroom_sandbox.kratos.form_result import FormResult, RefusedForm, ShowFlow
from postroom_sandbox.kratos.identity import identifier_of, verified
from postroom_sandbox.kratos.mailed_code import TooManyTries, send_code, spend_code
from postroom_sandbox.kratos.store import Store


class MailedCodeForm(ABC):
    kind: str

    def __init__(self, store: Store) -> None:
        self._store = store

    @abstractmethod
    def new(self, caller: Caller, return_to: str | None) -> Json: ...

    @abstractmethod
    def nodes(self, flow: Json, *, refused: bool = False) -> list[Json]: ...

    @abstractmethod
    def _code_accepted(self, flow: Json, identity: Json, caller: Caller) -> FormResult:
        """The result of the right code for this identity."""

    def _mail(self, flow: Json, email: object, caller: Caller) -> FormResult:
        if not isinstance(email, str) or not email:
            raise RefusedForm(form_messages.missing("email"))
        flow["internal"]["email"], address = email, identifier_of(email)
        if self._store.login(address) is None:
            flow["state"] = "sent_email"  # as if it was sent: the form must not reveal who has an account
        else:
            send_code(self._store, caller, self.kind, flow, address)
        flow["ui"]["nodes"] = self.nodes(flow)
        set_messages(flow, form_messages.CODE_SENT[self.kind])
        return ShowFlow(flow)

    def _check(self, flow: Json, code: str, caller: Caller) -> FormResult:
        try:
            address = spend_code(flow, code)
        except TooManyTries as error:
            fresh = self.new(caller, flow.get("return_to"))
            fresh["ui"]["nodes"] = self.nodes(fresh)
            set_messages(fresh, form_messages.invalid(None, str(error)).message)
            return ShowFlow(fresh)
        found = self._store.login(address) if address else None
        flow["ui"]["nodes"] = self.nodes(flow)
        if address is None or found is None:
            set_messages(flow, form_messages.wrong_code(self.kind).message)
            return ShowFlow(flow)
        identity = verified(found[0], address, caller.now)
        self._store.change_identity(identity, address)
        flow["state"] = "passed_challenge"
        return self._code_accepted(flow, identity, caller)
