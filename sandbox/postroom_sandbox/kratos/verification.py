"""The verification flow: a code that is sent to an address proves that the address belongs to the person."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from postroom_sandbox.kratos import form_messages, ui_node
from postroom_sandbox.kratos.caller import Caller, caller_of
from postroom_sandbox.kratos.error import Json, KratosError
from postroom_sandbox.kratos.flow import csrf_token_of, new_flow, set_messages
from postroom_sandbox.kratos.form_result import FormResult, ShowFlow
from postroom_sandbox.kratos.mailed_code import send_code
from postroom_sandbox.kratos.mailed_code_form import MailedCodeForm
from postroom_sandbox.kratos.store import Store
from postroom_sandbox.kratos.webhook import Webhook


class VerificationForm(MailedCodeForm):
    kind = "verification"

    def __init__(self, store: Store, webhook: Webhook) -> None:
        super().__init__(store)
        self._webhook = webhook

    def new(self, caller: Caller, return_to: str | None) -> Json:
        flow = new_flow(self.kind, caller, return_to, active="code")
        flow["internal"]["home"] = return_to or caller.home
        return flow

    def start(self, address: str, caller: Caller) -> Json:
        """Send a code in a new flow. Returns what the user interface may do next."""
        flow = self.new(caller, None)
        send_code(self._store, caller, self.kind, flow, address)
        flow["ui"]["nodes"] = self.nodes(flow)
        set_messages(flow, form_messages.CODE_SENT[self.kind])
        self._store.put_flow(flow)
        shown = {"id": flow["id"], "verifiable_address": address}
        if caller.flow_type == "browser":
            shown["url"] = caller.page(flow)
        return {"action": "show_verification_ui", "flow": shown}

    def nodes(self, flow: Json, *, refused: bool = False) -> list[Json]:
        csrf = [ui_node.csrf(csrf_token_of(flow))] if flow["type"] == "browser" else []
        if flow["state"] == "passed_challenge":
            return [*csrf, ui_node.anchor("code", "continue", ui_node.CONTINUE, flow["ui"]["action"])]
        proceed = ui_node.submit("code", ui_node.CONTINUE)
        if flow["state"] == "choose_method":
            return [ui_node.email(), proceed, *csrf]
        nodes = [ui_node.method("code"), ui_node.code((1070011, "Verification code")), proceed, *csrf]
        if email := flow["internal"].get("email"):
            nodes.append(ui_node.submit("code", ui_node.RESEND, name="email", value=email))
        elif refused:
            nodes.append(ui_node.email())
        return nodes

    def submit(self, flow: Json, values: Json, caller: Caller) -> FormResult:
        if flow["state"] == "passed_challenge":
            raise KratosError(400, "The address was verified already.")
        if values.get("code") and not values.get("email"):
            return self._check(flow, str(values["code"]), caller)
        email = values.get("email")
        return self._mail(flow, email, caller)

    def _code_accepted(self, flow: Json, identity: Json, caller: Caller) -> FormResult:
        del caller
        self._webhook.trigger(identity, flow["id"])
        flow["ui"] |= {"action": flow["internal"]["home"], "method": "GET"}
        flow["ui"]["nodes"] = self.nodes(flow)
        set_messages(flow, form_messages.VERIFIED)
        return ShowFlow(flow)

    def link_route(self) -> Route:
        """The link in the mail. It fills the code into the form, in any browser."""

        async def follow(request: Request) -> Response:
            flow = self._store.flow(request.query_params.get("flow", ""))
            if flow is None or flow["state"] != "sent_email":
                raise KratosError(404)
            caller = caller_of(self._store, request, flow["type"])
            flow["internal"]["csrf_token"] = caller.csrf_token
            flow["ui"]["nodes"] = self.nodes(flow)
            for each in flow["ui"]["nodes"]:
                if each["attributes"].get("name") == "code":
                    each["attributes"]["value"] = request.query_params.get("code", "")
            self._store.put_flow(flow)
            answer = RedirectResponse(caller.page(flow), 303)
            caller.set_csrf_cookie(answer)
            return answer

        return Route(f"/self-service/{self.kind}", follow, methods=["GET"])
