"""The webhook at Stalwart: reading, creating and replacing it."""

from typing import Any

import pytest

from postroom.errors import MailServerError, Misconfigured, Transient
from postroom.stalwart.webhook_setup import WebhookSetup, WebhookState
from scripted_stalwart import ScriptedStalwart, method_error, responses

URL = "http://127.0.0.1:3001/internal/mail/stalwart"
AS_WE_WANT: dict[str, Any] = {
    "id": "jqevukp2aeqa",
    "url": URL,
    "enable": True,
    "events": {"message-ingest.ham": True},
    "eventsPolicy": "include",
    "signatureKey": {"@type": "Value", "secret": "*****"},
    "httpAuth": {"@type": "Unauthenticated"},
    "httpHeaders": {},
    "throttle": 50,
    "timeout": 5000,
    "discardAfter": 300000,
    "allowInvalidCerts": False,
    "lossy": False,
    "level": "info",
}
MADE = responses(
    ("x:WebHook/set", {"accountId": "d333333", "created": {"c": {"id": "jqevukp2aeqa"}}}),
    ("x:Action/set", {"accountId": "d333333", "created": {"c": {"id": "bvqmltj"}}}),
)


def found(*hooks: dict[str, Any]):
    ids = [hook["id"] for hook in hooks]
    return responses(("x:WebHook/query", {"ids": ids}), ("x:WebHook/get", {"list": list(hooks), "notFound": []}))


def setup_of(server: ScriptedStalwart) -> WebhookSetup:
    return WebhookSetup(server.client(), server.registry())


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({}, {}),
        ({"enable": False}, {"enable": "false"}),
        ({"throttle": 1000}, {"throttle": "1000"}),
        ({"events": {"message-ingest.spam": True}}, {"events": "message-ingest.spam"}),
        ({"events": {"message-ingest.ham": False}}, {"events": "none"}),
        ({"events": {}, "eventsPolicy": "exclude"}, {"events": "none", "eventsPolicy": '"exclude"'}),
        ({"events": None, "lossy": True}, {"events": "none", "lossy": "true"}),
        ({"signatureKey": {"@type": "None"}}, {"signatureKey": "none"}),
        ({"signatureKey": {"@type": "File", "filePath": "/etc/key"}}, {}),
    ],
)
async def test_webhook_setup_names_each_wrong_value(change: dict[str, Any], wrong: dict[str, str]) -> None:
    server = ScriptedStalwart(found(AS_WE_WANT | change))
    assert await setup_of(server).state(URL) == WebhookState(["jqevukp2aeqa"], wrong)


@pytest.mark.parametrize(
    ("url", "ours", "elsewhere"),
    [
        (URL, True, False),
        ("http://elsewhere.example.org/internal/mail/stalwart", False, True),
        ("http://127.0.0.1:3002/internal/mail/stalwart", False, True),
        ("http://127.0.0.1:3001/hooks/of/another/program", False, False),
        ("http://[::1/", False, False),
    ],
)
async def test_every_webhook_to_our_url_is_ours_and_others_are_reported_if_they_resemble_ours(
    url: str, ours: bool, elsewhere: bool
) -> None:
    server = ScriptedStalwart(found(AS_WE_WANT, AS_WE_WANT | {"id": "other", "url": url}))
    ids = ["jqevukp2aeqa", "other"] if ours else ["jqevukp2aeqa"]
    assert await setup_of(server).state(URL) == WebhookState(ids, {}, (url,) if elsewhere else ())


async def test_missing_webhook_is_created_and_the_settings_are_reloaded() -> None:
    server = ScriptedStalwart(found(), MADE)
    assert await setup_of(server).ensure(URL, "k") == WebhookState([], {})
    (_, made, _), (action, reload, _) = server.calls()
    wanted = {name: value for name, value in AS_WE_WANT.items() if name != "id"}
    assert made["create"]["c"] == wanted | {"signatureKey": {"@type": "Value", "secret": "k"}}
    assert "destroy" not in made
    assert (action, reload) == ("x:Action/set", {"create": {"c": {"@type": "ReloadSettings"}}})


async def test_webhook_setup_recreates_our_webhooks_to_change_the_key() -> None:
    server = ScriptedStalwart()
    other = AS_WE_WANT | {"id": "theirs", "url": "http://elsewhere.example.org/"}
    server.will(found(AS_WE_WANT | {"throttle": 1000}, other), MADE)
    before = await setup_of(server).ensure(URL, "new key")
    assert before == WebhookState(["jqevukp2aeqa"], {"throttle": "1000"})
    assert server.calls()[0][1]["destroy"] == ["jqevukp2aeqa"]


async def test_webhook_removed_by_another_process_is_no_error() -> None:
    server = ScriptedStalwart()
    gone = {"accountId": "d", "created": {"c": {"id": "x"}}, "notDestroyed": {"y": {"type": "notFound"}}}
    server.will(
        found(AS_WE_WANT), responses(("x:WebHook/set", gone), ("x:Action/set", {"created": {"c": {"id": "z"}}}))
    )
    await setup_of(server).ensure(URL, "k")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (method_error("forbidden", description="You are not authorized"), Misconfigured),
        (
            responses(("x:WebHook/set", {"notCreated": {"c": {"type": "invalidProperties", "description": "url"}}})),
            Misconfigured,
        ),
        (
            responses(("x:WebHook/set", {"created": {"c": {"id": "x"}}}), ("error", {"type": "forbidden"})),
            Misconfigured,
        ),
        (responses(("x:WebHook/set", {"created": None}), ("x:Action/set", {"created": None})), Transient),
        (responses(("x:WebHook/set", [])), Transient),
    ],
)
async def test_a_hook_that_could_not_be_made_is_reported(answer: Any, error: type[MailServerError]) -> None:
    server = ScriptedStalwart(found(), answer)
    with pytest.raises(error) as caught:
        await setup_of(server).ensure(URL, "secret-key")
    assert "secret-key" not in str(caught.value)
