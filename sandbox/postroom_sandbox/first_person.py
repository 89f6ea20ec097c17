"""The person whose mailbox has mail in it when a trial begins. Kratos and Postroom make it as they make any other."""

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx2

from postroom.errors import ConfigurationError, Refused
from postroom_sandbox.data_folder import DataFolder
from postroom_sandbox.mailbox_filling import filled, wish_for
from postroom_sandbox.sample_mail.plan import sample_mails

MAILS = 200
_NAME = "Nora Brandt"
_LOCAL_PART = "nora"
_SEED = 1
_REMEMBERED = "first-person"  # the data folder stores the address in this file, once the mailbox is filled
_PASSWORD_LENGTH = 12  # letters that are worth 72 bits, and can be typed
_MAILBOX_WITHIN = 10.0
"""Seconds. Without faults it takes less than one; with a fault that is still on, the trial must start all the same."""


class NotFilled(Exception):
    """The person has no mailbox with mail now. The next start tries again."""


@dataclass(frozen=True, slots=True)
class FirstPerson:
    address: str
    password: str


def known(data: DataFolder) -> FirstPerson | None:
    """The person of an earlier start, if the mailbox was filled."""
    address = data.recall(_REMEMBERED)
    return FirstPerson(address, _password(data)) if address else None


async def make(data: DataFolder, environment: Mapping[str, str], domain: str, http: httpx2.AsyncClient) -> FirstPerson:
    """Register the person, wait for the mailbox, and fill it. Raises NotFilled."""
    person = FirstPerson(f"{_LOCAL_PART}@{domain}", _password(data))
    stalwart_url = environment["POSTROOM_STALWART_URL"]
    try:
        await _register(http, environment["POSTROOM_KRATOS_PUBLIC_URL"], person)
        state = await _state_with(http, stalwart_url, person.address)
        await asyncio.to_thread(_fill, stalwart_url, state, person.address)
    except TimeoutError:
        raise NotFilled(f"no mailbox within {_MAILBOX_WITHIN:g} s: is a fault on?") from None
    except (httpx2.HTTPError, ConfigurationError, Refused) as error:
        raise NotFilled(str(error)) from error
    data.remember(_REMEMBERED, person.address)
    return person


def _password(data: DataFolder) -> str:
    return data.secret("first-person-password")[:_PASSWORD_LENGTH]


async def _register(http: httpx2.AsyncClient, kratos_url: str, person: FirstPerson) -> None:
    """A start that was interrupted may have registered the person already; then the password still opens the account.
    If it does not, somebody else has this address. Raises NotFilled."""
    traits = {"email": person.address, "name": _NAME}
    if await _submit(http, f"{kratos_url}/self-service/registration", person.password, traits=traits):
        return
    if not await _submit(http, f"{kratos_url}/self-service/login", person.password, identifier=person.address):
        raise NotFilled(f"{person.address} is registered with another password")


async def _submit(http: httpx2.AsyncClient, flow_url: str, password: str, **form: object) -> bool:
    """Whether Kratos accepts the form of a new flow. Its `ui.action` may name another origin, for browsers.

    The session ends at once: the person would find it among their own, and not know whose it is.
    """
    flow = (await http.get(f"{flow_url}/api")).raise_for_status().json()
    form |= {"method": "password", "password": password}
    answer = await http.post(flow_url, params={"flow": flow["id"]}, json=form)
    if answer.status_code != 200:
        return False
    session = {"session_token": answer.json().get("session_token")}
    await http.request("DELETE", f"{flow_url.rpartition('/')[0]}/logout/api", json=session)
    return True


async def _state_with(http: httpx2.AsyncClient, stalwart_url: str, address: str) -> Mapping[str, Any]:
    """The state of the stand-in once it has this mailbox. Raises TimeoutError."""
    async with asyncio.timeout(_MAILBOX_WITHIN):
        while True:
            state = (await http.get(f"{stalwart_url}/_sandbox/state")).raise_for_status().json()
            if any(address in account["addresses"] for account in state["accounts"]):
                return state
            await asyncio.sleep(0.05)


def _fill(stalwart_url: str, state: Mapping[str, Any], address: str) -> None:
    wish = wish_for(state, address, MAILS, _SEED, None)
    deque(filled(stalwart_url, address, sample_mails(wish, datetime.now(UTC))), maxlen=0)
