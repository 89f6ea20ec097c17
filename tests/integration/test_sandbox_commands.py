"""`postroom sandbox`: the faults and the state of the stand-in for Stalwart, and mail that is sent to it."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio

from commands import Commands
from eventually import eventually
from incoming_mail import all_reported, hooked, send
from mail_person import Person
from postroom_sandbox.data_folder import DataFolder
from scripted_upstream import http_answer, scripted_upstream
from stalwart_client import StalwartClient
from stalwart_stand_in import StalwartStandIn, stalwart_stand_in


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stand_in(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[StalwartStandIn]:
    async with stalwart_stand_in(tmp_path_factory.mktemp("commands")) as server:
        yield server


@pytest.fixture
async def server(stand_in: StalwartStandIn) -> AsyncIterator[StalwartStandIn]:
    yield stand_in
    await stand_in.clear_faults()


@pytest.fixture
async def folder(server: StalwartStandIn, tmp_path: Path) -> AsyncIterator[Path]:
    """The data folder of a trial that uses this stand-in."""
    with DataFolder(tmp_path / "data") as data:
        data.write_trial({"environment": {"POSTROOM_STALWART_URL": server.url}})
        yield data.path


async def sandbox(folder: Path, *arguments: str, code: int = 0) -> str:
    return await Commands()("sandbox", *arguments, "--data", str(folder), code=code)


async def test_env_prints_the_environment_of_the_trial_as_json(server: StalwartStandIn, folder: Path) -> None:
    assert json.loads(await Commands()("env", "--json", "--data", str(folder))) == {"POSTROOM_STALWART_URL": server.url}


async def test_used_up_fault_is_shown_as_off(server: StalwartStandIn, folder: Path) -> None:
    assert (await sandbox(folder, "fault", "unavailable", "--count", "2")).startswith("unavailable is on, for 2 more:")
    async with httpx2.AsyncClient(base_url=server.url, trust_env=False) as http:
        codes = [(await http.get("/jmap/session")).status_code for _ in range(3)]
    assert codes == [503, 503, 200]
    assert (await sandbox(folder, "fault", "show")).splitlines() == [
        "unavailable is off again: --count 2 is used up",
        "no fault is on: the mail server works",
    ]
    (fault,) = json.loads(await sandbox(folder, "fault", "show", "--json"))
    assert (fault["on"], fault["struck"]) == (False, 2)


async def test_late_takes_the_delay_after_which_it_executes_the_request(server: StalwartStandIn, folder: Path) -> None:
    await sandbox(folder, "fault", "late", "--delay-ms", "5")
    (fault,) = (await server.state())["faults"]
    assert (fault["kind"], fault["delay_ms"]) == ("late", 5)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["tpyo"], "there is no fault tpyo: choose from refuse, hang, "),
        (["thorttle"], "there is no fault thorttle (did you mean throttle?)"),
        (["fail", "--probability", "3"], "'--probability': must be at most 1"),
        (["fail", "--count", "0"], "'--count': must be at least 1"),
        (["throttle", "--delay-ms", "5"], "--delay-ms does nothing for throttle: it belongs to slow"),
        (["lose-hooks", "--word", "ann"], "--word does nothing for lose-hooks"),
        (["cut-upload", "--word", "ann"], "--word does nothing for cut-upload"),
        (["reject", "--word", "ann"], "--word does nothing for reject"),
        (["off", "--word", "ann"], "--word does nothing for off"),
    ],
)
async def test_invalid_fault_is_rejected_in_one_line_and_changes_nothing(
    arguments: list[str], said: str, server: StalwartStandIn, folder: Path
) -> None:
    await server.set_fault(kind="slow", delay_ms=0)
    (line,) = (await sandbox(folder, "fault", *arguments, code=2)).splitlines()
    assert said in line
    assert [fault["kind"] for fault in (await server.state())["faults"]] == ["slow"]


async def test_sandbox_commands_do_not_touch_a_mail_server_of_the_user(tmp_path: Path) -> None:
    with DataFolder(tmp_path / "data") as data:
        data.write_trial({"environment": {"POSTROOM_STALWART_URL": "https://mail.example.org"}, "own": ["Stalwart"]})
        for arguments in (["fault", "refuse"], ["state"], ["deliver", "ann@example.org"], ["fill", "ann@example.org"]):
            (line,) = (await sandbox(data.path, *arguments, code=2)).splitlines()
            assert "this trial uses a Stalwart of yours" in line


async def test_sandbox_state_lists_mailboxes_and_requests(folder: Path, ann: Person) -> None:
    lines = (await sandbox(folder, "state")).splitlines()
    assert any(ann.address in line for line in lines)
    assert any("x:Account/set" in line for line in lines)


async def test_sandbox_deliver_sends_and_counts_many_messages(ann: Person, folder: Path) -> None:
    options = ("--count", "23", "--subject", "Grüße", "--from", "Bob@example.com", "--json")
    assert json.loads(await sandbox(folder, "deliver", ann.address, *options))["delivered"] == 23
    emails = await ann.get("Email", *await ann.query(), properties=["subject", "from"])
    assert {email["subject"] for email in emails} == {f"Grüße {n}" for n in range(1, 24)}
    assert emails[0]["from"][0]["email"] == "Bob@example.com"


async def test_sandbox_deliver_sends_a_file_unchanged(ann: Person, folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "message.eml"
    file.write_bytes(b"Subject: from a file\n\n.a line with a dot\n")
    output = await sandbox(folder, "deliver", ann.address, "--file", str(file))
    assert output.startswith(f"delivered to {ann.address}: 1 message in ")
    (email,) = await ann.query()
    blob = (await ann.get("Email", email))["blobId"]
    content = (await ann.http.get(f"/jmap/download/{ann.account}/{blob}/m.eml")).content
    assert (
        content == f"Delivered-To: {ann.address}\r\n".encode() + b"Subject: from a file\r\n\r\n.a line with a dot\r\n"
    )


async def test_sandbox_deliver_names_an_address_without_a_mailbox(folder: Path) -> None:
    output = await sandbox(folder, "deliver", "ghost@example.org", code=2)
    assert "refused ghost@example.org: 550 5.1.2 Mailbox does not exist" in output
    assert output.endswith("postroom sandbox state lists the mailboxes of the trial\n")


async def test_sandbox_fill_prints_no_time_for_a_plan(ann: Person, folder: Path) -> None:
    output = await sandbox(folder, "fill", ann.address, "--mails", "3", "--dry-run")
    assert output.startswith(f"would be put into {ann.address}: 3 mails (")


async def test_sandbox_fill_puts_each_mail_where_it_says_and_joins_conversations(ann: Person, folder: Path) -> None:
    options = ("--mails", "230", "--seed", "3", "--thread", "40")
    planned = json.loads(await sandbox(folder, "fill", ann.address, *options, "--dry-run", "--json"))
    assert await ann.query() == []
    report = json.loads(await sandbox(folder, "fill", ann.address, *options, "--json"))
    for each in (planned, report):
        del each["seconds"]
    assert planned == report | {"dry_run": True}
    assert (report["to"], report["mails"], report["thread"], report["seed"]) == (ann.address, 230, 40, 3)
    boxes = (await ann.call("Mailbox/get"))["list"]
    names = {box["id"]: box["name"] for box in boxes}
    of_parent = {box["name"]: names.get(box["parentId"] or "") for box in boxes}
    assert (of_parent["Paper & print"], of_parent["Packing"], of_parent["Archive"]) == ("Packing", None, None)
    counts = {box["role"] or box["name"]: box["totalEmails"] for box in boxes}
    found = {path.rpartition("/")[2]: number for path, number in report["mailboxes"].items()}
    assert {place: number for place, number in counts.items() if number} == found
    assert sum(found.values()) == 230
    threads = (await ann.call("Email/get", ids=await ann.query(collapseThreads=True), properties=["threadId"]))["list"]
    lengths = [len(thread["emailIds"]) for thread in await ann.get("Thread", *(each["threadId"] for each in threads))]
    assert max(lengths) == 40
    assert sum(lengths) == 230


async def test_sandbox_fill_reports_in_a_sentence_and_no_webhook_hears_of_it(
    ann: Person, folder: Path, server: StalwartStandIn, admin: StalwartClient
) -> None:
    async with scripted_upstream() as receiver:
        receiver.will(http_answer(200))
        async with hooked(admin, receiver):
            output = await sandbox(folder, "fill", ann.address, "--mails", "12")
            assert re.match(rf"put into {ann.address}: 12 mails in [\d.]+ s \(\d+ in inbox", output)
            await send(server.lmtp, ann.address)
            await eventually(lambda: len(list(all_reported(receiver))) == 1, "the event of the mail by LMTP")


async def test_sandbox_fill_names_what_is_wrong_in_one_line(ann: Person, folder: Path) -> None:
    for arguments, said in (
        (["ghost@example.org"], "there is no mailbox ghost@example.org: postroom sandbox state lists them all"),
        ([ann.address, "--mails", "10", "--thread", "11"], "a conversation of 11 messages needs --mails 11 or more"),
        ([ann.address, "--mails", "0"], "'--mails': must be at least 1"),
    ):
        (line,) = (await sandbox(folder, "fill", *arguments, code=2)).splitlines()
        assert said in line
    assert await ann.query() == []
