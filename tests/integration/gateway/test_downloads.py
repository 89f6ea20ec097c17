"""Blobs through the gateway: none runs as code of our origin, and no blob id gets Postroom banned."""

import pytest

from gateway_trial import ANN, GatewayTrial
from postroom.mailboxes.ports import MailAccount
from scripted_upstream import ScriptedUpstream, http_answer, json_answer, problem_answer

FOUND = json_answer({"methodResponses": [["Blob/get", {"list": [{"id": "Gdrupal", "size": 1}]}, "0"]]})
NOT_FOUND = json_answer({"methodResponses": [["Blob/get", {"list": [], "notFound": ["Gdrupal"]}, "0"]]})
NO_ANSWER = json_answer({"methodResponses": [["error", {"type": "unknownMethod"}, "0"]]})
TEXT = http_answer(200, b"x", content_type="text/plain")


# Paths that Stalwart takes for an attack


@pytest.mark.parametrize(
    "blob_id",
    ["wordpress", "WordPress", "xJOOMLAx", "drupal", "xmlrpc", "wp-", "WP-login", "php", "PHPinfo", "cgi-bin"],
)
async def test_blob_id_that_could_cause_a_ban_is_never_sent_in_a_path(
    server: ScriptedUpstream, trial: GatewayTrial, blob_id: str
) -> None:
    """Stalwart bans a host permanently that requests such a path, unless it can decode the blob id (`scanBanPaths`)."""
    server.will(NOT_FOUND)
    answer = await trial.http.get(f"/jmap/download/b/{blob_id}/x", headers=ANN)
    assert answer.status_code == 404
    assert {asked.target for asked in server.asked} == {"/jmap/"}


@pytest.mark.parametrize(
    "said", [NOT_FOUND, NO_ANSWER, json_answer({}), json_answer({"methodResponses": [["", [], 1]]})]
)
async def test_suspicious_blob_id_is_downloaded_only_after_blob_get_finds_it(
    server: ScriptedUpstream, trial: GatewayTrial, said: bytes
) -> None:
    server.will(said)
    assert (await trial.http.get("/jmap/download/b/Gdrupal/x", headers=ANN)).status_code == 404
    server.will(FOUND, TEXT)
    answer = await trial.http.get("/jmap/download/b/Gdrupal/x?accept=text/plain", headers=ANN)
    assert (answer.status_code, answer.content) == (200, b"x")
    assert [asked.target for asked in server.asked][1:] == [
        "/jmap/",
        "/jmap/download/b/Gdrupal/blob?accept=text%2Fplain",
    ]
    assert server.asked[1].calls() == [
        ["Blob/get", {"accountId": "b", "ids": ["Gdrupal"], "properties": ["size"]}, "0"]
    ]


async def test_account_id_that_could_cause_a_ban_is_sent_only_with_an_existing_blob(
    server: ScriptedUpstream, trial: GatewayTrial
) -> None:
    """`php` is Stalwart's account 15,599."""
    (identity_id, _) = (person.identity_id for person in trial.people.people.values())
    trial.accounts.accounts[identity_id] = MailAccount(identity_id, "ann@example.org", "phpb")
    server.will(NOT_FOUND)
    assert (await trial.http.get("/jmap/download/phpb/x/y", headers=ANN)).status_code == 404
    assert [asked.target for asked in server.asked] == ["/jmap/"]


async def test_ordinary_blob_ids_need_no_additional_lookup(server: ScriptedUpstream, trial: GatewayTrial) -> None:
    server.will(TEXT)
    for blob_id in ("Gx", "wpx", "xphp", "Gxcgi-bin", "word-press"):
        assert (await trial.http.get(f"/jmap/download/b/{blob_id}/wordpress.php", headers=ANN)).status_code == 200
    assert {asked.method for asked in server.asked} == {"GET"}


async def test_content_length_beyond_the_server_parser_is_not_forwarded(
    server: ScriptedUpstream, trial: GatewayTrial
) -> None:
    """Stalwart bans a host permanently after 30 requests a day that are not HTTP. Its parser counts this length as
    such."""
    upload = b"POST /jmap/upload/b/ HTTP/1.1\r\nHost: x\r\nCookie: session=ann\r\nConnection: close\r\n"
    answer = await trial.raw(upload + b"Content-Length: 18446744073709551615\r\n\r\n")
    assert b"maxSizeUpload" in answer
    assert server.asked == []


# What a browser treats as code


@pytest.mark.parametrize(
    "taken_as",
    [
        *("script", "style", "worker", "sharedworker", "serviceworker", "audioworklet", "paintworklet"),
        *("embed", "object", "xslt", "font", "manifest", "json", "something-new"),
    ],
)
async def test_browser_cannot_load_a_blob_as_code_of_our_origin(
    server: ScriptedUpstream, trial: GatewayTrial, taken_as: str
) -> None:
    """A page with `script-src 'self'` would allow it, and a script tag ignores Content-Disposition."""
    headers = ANN | {"Sec-Fetch-Dest": taken_as, "Sec-Fetch-Site": "same-origin"}
    answer = await trial.http.get("/jmap/download/b/x/y.js?accept=text/javascript", headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:postroom:problem:not_as_code")
    assert server.asked == []


@pytest.mark.parametrize("taken_as", ["empty", "document", "iframe", "image", "audio", "video", None])
async def test_a_browser_may_save_and_show_a_blob(
    server: ScriptedUpstream, trial: GatewayTrial, taken_as: str | None
) -> None:
    server.will(TEXT)
    headers = ANN | ({"Sec-Fetch-Dest": taken_as} if taken_as else {})
    assert (await trial.http.get("/jmap/download/b/x/y", headers=headers)).status_code == 200


async def test_download_of_a_blob_that_is_gone_gets_404(server: ScriptedUpstream, trial: GatewayTrial) -> None:
    server.will(FOUND, problem_answer(404))
    assert (await trial.http.get("/jmap/download/b/Gdrupal/x", headers=ANN)).status_code == 404
