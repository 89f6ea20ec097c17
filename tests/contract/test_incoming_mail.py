"""Mail that arrives by LMTP, and how the server reports it. On the stand-in, or on a real server (conftest.py), which
accepts mail without a login at STALWART_LMTP=host:port."""

import asyncio
import time

import pytest

from eventually import eventually
from incoming_mail import Lmtp, all_reported, hook, hooked, letter, listening, refusal, send, send_all
from mail_person import person
from postroom_sandbox.stalwart import ids
from scripted_upstream import Asked, ScriptedUpstream, http_answer, scripted_upstream
from stalwart_client import StalwartClient, unique

pytestmark = pytest.mark.stand_in


async def events_about(receiver: ScriptedUpstream, number: int, account: str) -> list[dict[str, object]]:
    """Wait for `number` events about an account."""

    def found() -> list[dict[str, object]]:
        return [event for event in all_reported(receiver) if ids.encode(event["data"]["accountId"]) == account]

    await eventually(lambda: len(found()) >= number, f"{number} events of the webhook")
    return found()


async def test_mail_to_nobody_or_to_a_disabled_alias_is_rejected(admin: StalwartClient, lmtp: Lmtp) -> None:
    alias = unique("postroom")
    await admin.create(unique(), aliases={"0": {"name": alias, "domainId": admin.domain, "enabled": False}})
    for name in (unique("ghost"), alias):
        assert await refusal(lmtp, f"{name}@example.org") == (550, "5.1.2 Mailbox does not exist."), name


async def test_mail_is_delivered_to_the_address_an_alias_and_a_tagged_address(
    admin: StalwartClient, lmtp: Lmtp
) -> None:
    alias = unique("alias")
    aliases = {"0": {"name": alias, "domainId": admin.domain, "enabled": True}}
    async with person(admin, aliases=aliases) as ann:
        for address in (ann.address, f"{alias}@example.org", ann.address.replace("@", "+tag@")):
            await send(lmtp, address)

        async def three() -> bool:
            return len(await ann.query(filter={"inMailbox": "a"})) == 3

        await eventually(three, "three messages in the inbox")


async def test_lmtp_session_accepts_at_most_ten_messages(admin: StalwartClient, lmtp: Lmtp) -> None:
    async with person(admin) as ann:
        await send_all(lmtp, [letter() for _ in range(10)], ann.address)
        with pytest.raises(Exception, match="452"):
            await send_all(lmtp, [letter() for _ in range(11)], ann.address)


async def test_event_source_reports_new_mail_with_all_types_whichever_was_requested(
    admin: StalwartClient, lmtp: Lmtp
) -> None:
    async with person(admin) as ann, listening(ann.http, "types=EmailDelivery&closeafter=no&ping=60") as s:
        await send(lmtp, ann.address)
        changed = await s.state()
        assert changed.keys() == {ann.account}
        assert changed[ann.account].keys() == {"EmailDelivery", "Email", "Mailbox", "Thread"}
        assert (await ann.call("Email/get", ids=[]))["state"] == changed[ann.account]["Email"]


async def test_own_change_causes_no_email_delivery_event(admin: StalwartClient, lmtp: Lmtp) -> None:
    async with person(admin) as ann, listening(ann.http) as stream:
        await ann.add(letter())
        changed = await stream.state()
        assert "Email" in changed[ann.account]
        assert "EmailDelivery" not in changed[ann.account]


async def test_events_that_follow_each_other_closely_are_sent_together(admin: StalwartClient, lmtp: Lmtp) -> None:
    """Not always with the last state: a real server sends changes to a stream by separate tasks, which may overtake
    each other."""
    async with person(admin) as ann, listening(ann.http, "types=Email&closeafter=no&ping=0") as stream:
        await send(lmtp, ann.address)
        begun = time.monotonic()
        first = await stream.state()
        await send_all(lmtp, [letter() for _ in range(5)], ann.address)
        assert await stream.state() != first
        assert time.monotonic() - begun > 0.7
        assert stream.events.empty()


@pytest.mark.parametrize(
    "query", ["types=Nonsense&closeafter=no&ping=0", "types=*&closeafter=never&ping=0", "types=*&closeafter=no&ping=x"]
)
async def test_event_source_with_invalid_parameters_gets_400(admin: StalwartClient, query: str) -> None:
    async with person(admin) as ann:
        response = await ann.http.get(f"/jmap/eventsource/?{query}")
        assert response.status_code == 400


async def test_event_source_without_a_valid_login_gets_401(admin: StalwartClient) -> None:
    response = await admin.http.get("/jmap/eventsource/?types=*", auth=("nobody@example.org", "wrong"))
    assert response.status_code == 401


async def test_a_webhook_reports_the_account_and_is_signed_with_the_key(admin: StalwartClient, lmtp: Lmtp) -> None:
    async with person(admin) as ann, scripted_upstream() as receiver:
        receiver.will(http_answer(200))
        async with hooked(admin, receiver):
            content = letter()
            await send(lmtp, ann.address, content=content)
            (event,) = await events_about(receiver, 1, ann.account)
        assert event["type"] == "message-ingest.ham"
        data = event["data"]
        assert isinstance(data, dict)
        (email,) = await ann.query()
        assert data["documentId"] == (ids.decode(email) or 0) & 0xFFFFFFFF
        assert data["mailboxId"] == [0]
        assert data["size"] >= len(content)  # a real server adds its own Authentication-Results
        assert (data["to"], data["from"]) == ([ann.address], "sender@example.com")
        assert f"<{data['messageId']}>".encode() in content


async def test_a_webhook_that_was_refused_is_sent_again_with_another_id(admin: StalwartClient, lmtp: Lmtp) -> None:
    async with person(admin) as ann, scripted_upstream() as receiver:
        receiver.will(http_answer(503), http_answer(200))
        async with hooked(admin, receiver):
            await send(lmtp, ann.address)
            first, again = await events_about(receiver, 2, ann.account)
        assert first["data"] == again["data"]
        assert first["id"] != again["id"]


async def test_mail_during_a_webhook_that_takes_longer_than_the_throttle_waits_for_the_next_delivery(
    admin: StalwartClient, lmtp: Lmtp
) -> None:
    """So the throttle that we configure is not the smallest possible one."""
    answered = asyncio.Event()

    async def slowly(asked: Asked, writer: asyncio.StreamWriter) -> None:
        await answered.wait()
        writer.write(http_answer(200))

    async with person(admin) as ann, scripted_upstream() as receiver:
        receiver.will(slowly, http_answer(200))
        async with hooked(admin, receiver, throttle=1):
            await send(lmtp, ann.address)
            await events_about(receiver, 1, ann.account)
            await send(lmtp, ann.address)
            await asyncio.sleep(0.3)
            answered.set()
            await asyncio.sleep(1)
            assert len(receiver.asked) == 1
            await send(lmtp, ann.address)
            await events_about(receiver, 3, ann.account)
            assert len(receiver.asked) == 2


async def test_a_webhook_shows_its_settings_and_not_its_key(admin: StalwartClient, lmtp: Lmtp) -> None:
    """Its throttle must be at least one millisecond."""
    async with scripted_upstream() as receiver:
        receiver.will(http_answer(200))
        assert "notCreated" in await admin.try_create("WebHook", **hook(receiver, throttle=0))
        async with hooked(admin, receiver, throttle=1) as number:
            shown = await admin.get(number, "WebHook")
            key = shown.pop("signatureKey")
            expected = hook(receiver, throttle=1)
            del expected["signatureKey"]
            assert shown == expected | {"id": number}
            assert (key["@type"], key["secret"].strip("*")) == ("Value", "")
            assert number in (await admin.call("x:WebHook/query", filter={}))["ids"]


async def test_a_webhook_works_from_the_next_reload_on(admin: StalwartClient, lmtp: Lmtp) -> None:
    async with person(admin) as ann, scripted_upstream() as early, scripted_upstream() as late:
        early.will(http_answer(200))
        late.will(http_answer(200))
        async with hooked(admin, early):
            made = await admin.try_create("WebHook", **hook(late))
            try:
                await send(lmtp, ann.address)
                await events_about(early, 1, ann.account)
                assert not late.asked
            finally:
                # The reload at the end would put it in force: a real server posts without a pause to whoever is gone.
                await admin.call("x:WebHook/set", destroy=[made["created"]["id"]])
