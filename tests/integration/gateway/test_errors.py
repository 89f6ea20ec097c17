"""Errors in the gateway: in the log for the operator, and in the response for the person."""

from typing import Any

from structlog.testing import capture_logs

from gateway_trial import ANN, QUERY, GatewayTrial
from postroom.devices.app_passwords import TooManyAppPasswords
from postroom.errors import KratosUnavailable, Misconfigured
from scripted_upstream import ScriptedUpstream, http_answer, problem_answer


async def failures(trial: GatewayTrial, path: str = "/jmap/session") -> list[Any]:
    with capture_logs() as logs:
        await trial.http.get(path, headers=ANN)
    assert "Basic" not in str(logs)
    assert "session=" not in str(logs)
    return [line for line in logs if line["event"] == "Could not serve a JMAP request"]


async def test_failures_that_need_an_operator_are_logged(trial: GatewayTrial) -> None:
    trial.authorization.error = Misconfigured("sealed with another POSTROOM_ENCRYPTION_KEY")
    (line,) = await failures(trial)
    assert (line["kind"], line["error"]) == ("Misconfigured", "sealed with another POSTROOM_ENCRYPTION_KEY")
    trial.people.errors[ANN["Cookie"]] = KratosUnavailable("Kratos answers 500")
    (line,) = await failures(trial)
    assert (line["kind"], line["error"]) == ("KratosUnavailable", "Kratos answers 500")


async def test_log_contains_neither_file_names_nor_mail_server_text(
    server: ScriptedUpstream, trial: GatewayTrial
) -> None:
    server.will(problem_answer(500, detail="private"), http_answer(200, b"private", content_type="x/private"))
    (line,) = await failures(trial, "/jmap/download/b/Gx/private.pdf")
    assert line["path"] == "/jmap/download/{account_id}/{blob_id}/{name:path}"
    assert line["kind"] == "mail_server_unusable"
    assert "private" not in str(line)


async def test_client_errors_and_a_pending_mailbox_are_not_logged_as_failures(
    server: ScriptedUpstream, trial: GatewayTrial
) -> None:
    kept = dict(trial.accounts.accounts)
    trial.accounts.accounts.clear()
    assert await failures(trial) == []
    trial.accounts.accounts.update(kept)
    with capture_logs() as logs:
        for status, ask in (
            (404, trial.http.get("/jmap/download/b/Gx/y", headers=ANN)),
            *((each, trial.call(QUERY)) for each in (400, 413, 429)),
        ):
            server.will(problem_answer(status))
            await ask
    assert [line["event"] for line in logs] == ["Acting for identity"]


async def test_a_person_at_the_limit_of_devices_is_asked_to_disconnect_one(trial: GatewayTrial) -> None:
    trial.authorization.error = TooManyAppPasswords(5)
    answer = await trial.call(QUERY)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:postroom:problem:too_many_devices")
    assert "disconnect a device" in answer.json()["detail"]


async def test_long_problem_detail_is_truncated(server: ScriptedUpstream, trial: GatewayTrial) -> None:
    """Serialising ten megabytes for a client that has disconnected would delay all others."""
    server.will(problem_answer(400, "urn:ietf:params:jmap:error:notRequest", detail="x" * 10_000_000))
    answer = await trial.call(QUERY)
    assert answer.json()["type"] == "urn:ietf:params:jmap:error:notRequest"
    assert answer.json()["detail"] == "x" * 1000
