"""The code of a flow, which is sent to an address and typed into the form. The stand-in sends no mail: the code is in
the list of messages of the admin API, as with a Kratos whose courier does not run."""

import hmac
import secrets
from uuid import uuid4

from postroom_sandbox.kratos import form_messages
from postroom_sandbox.kratos.caller import Caller
from postroom_sandbox.kratos.error import Json
from postroom_sandbox.kratos.identity import timestamp
from postroom_sandbox.kratos.store import Store

TRIES = 5

_WHAT_FOR = {
    "login": ("Login to your account", "please login to your account by entering"),
    "registration": ("Complete your account registration", "please complete your account registration by entering"),
    "recovery": ("Recover access to your account", "please recover access to your account by entering"),
    "verification": ("Please verify your email address", "please verify your account by entering"),
}


class TooManyTries(Exception):
    """The flow accepts no code until another one is sent."""


def send_code(store: Store, caller: Caller, kind: str, flow: Json, address: str) -> None:
    """Send a new code. The previous code of the flow is no longer valid."""
    text = f"{secrets.randbelow(1_000_000):06}"
    flow["internal"]["code"] = {"text": text, "address": address, "tries": 0}
    flow["state"] = "sent_email"
    subject, request = _WHAT_FOR[kind]
    body = f"Hi,\n\n{request} the following code:\n\n{text}\n"
    if kind == "verification":
        link = f"{caller.public_url}/self-service/verification?code={text}&flow={flow['id']}"
        body += f"\nor clicking the following link:\n\n{link}\n"
    moment = timestamp(caller.now)
    store.add_message(
        {
            "id": str(uuid4()),
            "status": "queued",
            "type": "email",
            "recipient": address,
            "body": body,
            "subject": subject,
            "template_type": f"{kind}_code_valid",
            "channel": "email",
            "send_count": 0,
            "created_at": moment,
            "updated_at": moment,
        }
    )


def spend_code(flow: Json, given: str) -> str | None:
    """Use the code up. The address to which it was sent, or None if it is wrong. Raises TooManyTries."""
    code: Json | None = flow["internal"].get("code")
    if code is None:
        return None
    code["tries"] += 1
    if code["tries"] > TRIES:
        raise TooManyTries(form_messages.TOO_OFTEN)
    if not hmac.compare_digest(code["text"].encode(), given.encode()):
        return None
    del flow["internal"]["code"]
    return code["address"]
