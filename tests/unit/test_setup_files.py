"""`postroom setup kratos` and `postroom setup files`."""

import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from commands import Commands
from postroom.kratos.public_api import PATH
from postroom.setup.deployed_files import names, text_of
from postroom.web.build import INDEX
from postroom.web.shells import shell_of

KEY = 'with "quotes" and \\ backslashes'
SETTINGS = {"POSTROOM_WEBHOOK_KEY": KEY}


async def test_kratos_webhook_is_written_with_its_key_readable_by_its_owner_only(tmp_path: Path) -> None:
    reported = await Commands(SETTINGS)("setup", "kratos", "--write", str(tmp_path))
    assert KEY not in reported
    assert f"-c {tmp_path}/registration-hook.yml" in reported
    hook = tmp_path / "registration-hook.yml"
    assert hook.stat().st_mode & 0o777 == 0o600
    flows = yaml.safe_load(hook.read_text())["selfservice"]["flows"]
    changes = (flows["settings"]["after"]["profile"], flows["verification"]["after"])
    assert all([each["hook"] for each in change["hooks"]] == ["web_hook"] for change in changes)
    for method in (*flows["registration"]["after"].values(), *changes):
        config = method["hooks"][0]["config"]
        assert config["response"] == {"ignore": True}, "nobody waits for Postroom, or is stopped by it"
        assert config["url"] == "http://127.0.0.1:3001/internal/mail/provision"
        assert config["body"] == (tmp_path / "provision.jsonnet").as_uri()
        assert config["auth"]["config"]["value"] == KEY
    assert (tmp_path / "provision.jsonnet").read_text() == text_of("kratos/provision.jsonnet")


async def test_files_that_are_copied_to_the_host_of_kratos_name_each_other_there(tmp_path: Path) -> None:
    """Else Kratos would look for the body of the webhook in the folder of the machine that wrote it, and send none."""
    postroom = Commands(SETTINGS | {"POSTROOM_PUBLIC_URL": "https://mail.example.org"})
    reported = await postroom("setup", "kratos", "--write", str(tmp_path), "--at", "/srv/kratos")
    assert "body: file:///srv/kratos/provision.jsonnet\n" in (tmp_path / "registration-hook.yml").read_text()
    assert "chown kratos /srv/kratos/registration-hook.yml" in reported
    for name in ("registration-hook.yml", "interface.yml"):
        assert f"-c /srv/kratos/{name}" in reported
    assert (tmp_path / "provision.jsonnet").exists()
    refused = await postroom("setup", "kratos", "--write", str(tmp_path), "--at", "kratos", code=2)
    assert (refused.count("\n"), "an absolute path" in refused) == (1, True)


async def test_flows_of_kratos_are_moved_to_the_origin_of_the_interface(tmp_path: Path) -> None:
    postroom = Commands(SETTINGS | {"POSTROOM_PUBLIC_URL": "https://mail.example.org/"})
    reported = await postroom("setup", "kratos", "--write", str(tmp_path))
    assert f"-c {tmp_path}/interface.yml" in reported
    text = (tmp_path / "interface.yml").read_text()
    assert "$" not in text
    kratos = yaml.safe_load(text)
    assert kratos["serve"]["public"]["base_url"] == f"https://mail.example.org{PATH}/"
    pages = {kind: flow.get("ui_url") for kind, flow in kratos["selfservice"]["flows"].items()}
    assert pages["login"] == "https://mail.example.org/sign-in"
    assert all(shell_of(urlsplit(page).path, "text/html") == INDEX for page in pages.values() if page)
    assert text.strip() in await postroom("setup", "kratos")


async def test_a_file_that_was_changed_is_not_overwritten_unless_it_is_wanted(tmp_path: Path) -> None:
    command = ("setup", "kratos", "--write", str(tmp_path))
    postroom = Commands(SETTINGS)
    states = [[step["state"] for step in await postroom.json(*command)] for _ in range(2)]
    assert states == [["changed", "changed"], ["ok", "ok"]]
    hook = tmp_path / "registration-hook.yml"
    hook.write_text("my: own hooks")
    assert [step["state"] for step in await postroom.json(*command, code=1)] == ["error", "ok"]
    assert hook.read_text() == "my: own hooks"
    await postroom(*command, "--force")
    assert "web_hook" in hook.read_text()


@pytest.mark.parametrize(
    ("mine", "state"),
    [
        ((" " * 12 + "- hook: session\n", " " * 12 + "- hook: show_verification_ui\n"), "ok"),
        (("value: ", "value: x"), "error"),
        (("method: POST", "# method: POST"), "error"),
        (("code: *provision", "profile: *provision"), "error"),
    ],
    ids=["other hooks", "another key", "a comment", "a method less"],
)
async def test_hooks_of_kratos_beside_ours_are_left_and_are_no_error(
    tmp_path: Path, mine: tuple[str, str], state: str
) -> None:
    """Kratos takes one list of hooks, so an operator's own ones go into our file."""
    command, postroom = ("setup", "kratos", "--write", str(tmp_path)), Commands(SETTINGS)
    await postroom(*command)
    hook = tmp_path / "registration-hook.yml"
    written = hook.read_text()
    assert mine[0] in written
    hook.write_text("# by hand\n" + written.replace(*mine))
    step, *_ = await postroom.json(*command, code=int(state == "error"))
    assert (step["state"], hook.read_text()) == (state, "# by hand\n" + written.replace(*mine))
    assert ("postroom setup kratos" in step["fix"]) == (state == "error")
    assert KEY not in str(step)


async def test_printed_kratos_webhook_contains_no_key_and_needs_none() -> None:
    reported = await Commands({"POSTROOM_HOST": "::1", "POSTROOM_PORT": "80"})("setup", "kratos")
    assert "url: http://[::1]:80/internal/mail/provision" in reported
    assert "function(ctx)" in reported
    printed = await Commands(SETTINGS).json("setup", "kratos", "--url", "https://mail.example.org/")
    assert "url: https://mail.example.org/internal/mail/provision" in printed["registration-hook.yml"]
    assert KEY not in json.dumps(printed)


@pytest.mark.parametrize(
    ("environment", "words", "expected"),
    [({}, ("--write", "/nowhere"), "POSTROOM_WEBHOOK_KEY is not set"), (SETTINGS, ("--url", "mail"), "a complete URL")],
)
async def test_missing_setting_is_reported_in_one_line(
    environment: dict[str, str],
    words: tuple[str, ...],
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)  # A trial that runs in the folder of the project would supply the settings.
    reported = await Commands(environment)("setup", "kratos", *words, code=2)
    assert (reported.count("\n"), expected in reported) == (1, True)


async def test_the_files_are_listed_where_they_lie_and_written_elsewhere(tmp_path: Path) -> None:
    listed = await Commands().json("setup", "files")
    assert all(Path(each).is_file() for each in listed)
    await Commands()("setup", "files", "--write", str(tmp_path))
    written = {str(path.relative_to(tmp_path)): path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    assert written == {name: text_of(name) for name in names()}
    assert {"systemd/postroom-serve.service", "prometheus/alerts.yml", "stalwart/role.json"} < written.keys()
