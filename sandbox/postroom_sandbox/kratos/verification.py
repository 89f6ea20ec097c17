"""Showing that an address is one's own, by a code that is mailed there."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from postroom_sandbox.kratos import message, node
from postroom_sandbox.kratos.error import Json, KratosError
from postroom_sandbox.kratos.flow import csrf_token_of, new_flow, say
from postroom_sandbox.kratos.mailed_code import send_code
from postroom_sandbox.kratos.mailed_code_form import MailedCodeForm
from postroom_sandbox.kratos.outcome import Outcome, Shown
from postroom_sandbox.kratos.visit import Visit, visit_of


class VerificationForm(MailedCodeForm):
    kind = "verification"

    def new(self, visit: Visit, return_to: str | None) -> Json:
        flow = new_flow(self.kind, visit, return_to, active="code")
        flow["internal"]["home"] = return_to or visit.home
        return flow

    def sent_to(self, address: str, visit: Visit) -> Json:
        """A flow whose code was mailed already; answers what an interface may go on with."""
        flow = self.new(visit, None)
        send_code(self._state, visit, self.kind, flow, address)
        flow["ui"]["nodes"] = self.nodes(flow)
        say(flow, message.CODE_SENT[self.kind])
        self._state.put_flow(flow)
        shown = {"id": flow["id"], "verifiable_address": address}
        if visit.channel == "browser":
            shown["url"] = visit.page(flow)
        return {"action": "show_verification_ui", "flow": shown}

    def nodes(self, flow: Json, *, refused: bool = False) -> list[Json]:
        csrf = [node.csrf(csrf_token_of(flow))] if flow["type"] == "browser" else []
        if flow["state"] == "passed_challenge":
            return [*csrf, node.anchor("code", "continue", node.CONTINUE, flow["ui"]["action"])]
        go_on = node.submit("code", node.CONTINUE)
        if flow["state"] == "choose_method":
            return [node.email(), go_on, *csrf]
        nodes = [node.method("code"), node.code((1070011, "Verification code")), go_on, *csrf]
        if email := flow["internal"].get("email"):
            nodes.append(node.submit("code", node.RESEND, name="email", value=email))
        elif refused:
            nodes.append(node.email())
        return nodes

    def submit(self, flow: Json, values: Json, visit: Visit) -> Outcome:
        if flow["state"] == "passed_challenge":
            raise KratosError(400, "The address was verified already.")
        if values.get("code") and not values.get("email"):
            return self._check(flow, str(values["code"]), visit)
        email = values.get("email")
        return self._mail(flow, email, visit)

    def _passed(self, flow: Json, identity: Json, visit: Visit) -> Outcome:
        del identity, visit
        flow["ui"] |= {"action": flow["internal"]["home"], "method": "GET"}
        flow["ui"]["nodes"] = self.nodes(flow)
        say(flow, message.VERIFIED)
        return Shown(flow)

    def link_route(self) -> Route:
        """The link in the mail: it fills the code into the form, in whatever browser it is opened."""

        async def follow(request: Request) -> Response:
            flow = self._state.flow(request.query_params.get("flow", ""))
            if flow is None or flow["state"] != "sent_email":
                raise KratosError(404)
            visit = visit_of(self._state, request, flow["type"])
            flow["internal"]["csrf_token"] = visit.csrf_token
            flow["ui"]["nodes"] = self.nodes(flow)
            for each in flow["ui"]["nodes"]:
                if each["attributes"].get("name") == "code":
                    each["attributes"]["value"] = request.query_params.get("code", "")
            self._state.put_flow(flow)
            answer = RedirectResponse(visit.page(flow), 303)
            visit.keep_csrf_token(answer)
            return answer

        return Route(f"/self-service/{self.kind}", follow, methods=["GET"])
