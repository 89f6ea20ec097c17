"""The documentation is complete, and everything that it names exists.

POSTROOM_WRITE_DOCS=1 .venv/bin/pytest tests/unit/test_docs.py   writes what is generated: docs/openapi.json and the
table of docs/reference/settings.md.
"""

import json
import os
import re
import tomllib
from collections.abc import Iterator
from functools import reduce
from inspect import signature
from pathlib import Path
from typing import Any, cast
from unittest.mock import MagicMock

import typer
import yaml
from fastapi import FastAPI
from pydantic_core import PydanticUndefined
from starlette.routing import Route

from command_blocks import TAGS, blocks
from postroom.api.app import create_app
from postroom.api.health import GAUGES
from postroom.api.mail import mail_routes
from postroom.api.stalwart_webhook import StalwartWebhook
from postroom.api.webhook import HookPolicy, Webhook
from postroom.cli.app import app as command_line
from postroom.domain.address import NEVER_GIVEN, RESERVED_NAMES
from postroom.domain.request import Status
from postroom.gateway.routes import gateway_routes
from postroom.http.problems import PROBLEMS
from postroom.people.access_tokens import DEFAULT_DAYS, MAX_DAYS
from postroom.process.telemetry import REGISTRY
from postroom.settings.secret_files import SECRETS
from postroom.settings.settings import Settings
from postroom.settings.wrong_setting import PREFIX

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs/reference"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "src/postroom/deploy").rglob("*.md")])
CODE_MAPS = [
    ROOT / name for name in ("ARCHITECTURE.md", "docs/invariants.md", "docs/walks.md", "docs/where-to-change.md")
]
WRITE = os.environ.get("POSTROOM_WRITE_DOCS") == "1"

TABLE = re.compile(r"(?<=<!-- settings -->\n).*?(?=<!-- end of settings -->)", re.DOTALL)
NO_SETTINGS = {
    "POSTROOM_URL",
    "POSTROOM_TESTS_WITHOUT_KRATOS",
    "POSTROOM_TESTS_WITHOUT_CENTRIFUGO",
    "POSTROOM_TESTS_WITHOUT_CADDY",
    "POSTROOM_TESTS_WITHOUT_COMPOSE_PARSER",
    "POSTROOM_TESTS_WITHOUT_KUBERNETES_TYPES",
    "POSTROOM_TESTS_WITHOUT_CYRUS",
    "POSTROOM_TESTS_WITHOUT_CHROMIUM",
    "POSTROOM_TESTS_WITHOUT_FIREFOX",
    "POSTROOM_TESTS_WITHOUT_WEBKIT",
    "POSTROOM_IMAGE",
    "POSTROOM_TESTS_WITHOUT_DOCKERFILE_PARSER",
    "POSTROOM_TESTS_WITHOUT_IMAGE",
    "POSTROOM_TESTS_WITHOUT_INTERFACE",
    "POSTROOM_TESTS_WITHOUT_PROMTOOL",
    "POSTROOM_TESTS_WITHOUT_TOOLS_OF_THE_DOCS",
    "POSTROOM_WEB_BUILD",
    "POSTROOM_WRITE_DOCS",
    "POSTROOM_SEED",
    "POSTROOM_TESTS_LATE",
}
"""Variables that are not settings of the service, but of the trial, of compose.yaml and of the tests."""


def _settings_table() -> str:
    lines = ["| variable | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        if field.default is PydanticUndefined:
            default = "required"
        elif field.default in (None, "", frozenset()):
            default = "empty"
        else:
            default = f"`{str(field.default).lower() if isinstance(field.default, bool) else field.default}`"
        of_a_file = ", or in a file" if name.upper() in SECRETS else ""
        lines.append(f"| `{PREFIX}{name.upper()}`{of_a_file} | {default} | {field.description} |")
    return "\n".join(lines) + "\n"


def test_every_setting_is_documented_with_its_default_and_meaning() -> None:
    page = REFERENCE / "settings.md"
    if WRITE:
        page.write_text(TABLE.sub(lambda _: _settings_table(), page.read_text()))
    found = TABLE.search(page.read_text())
    assert found
    assert found[0] == _settings_table(), "generate it with POSTROOM_WRITE_DOCS=1 (see the top of this file)"


def test_lifetime_of_an_access_token_is_documented() -> None:
    assert f"`days` is 1 to {MAX_DAYS}, {DEFAULT_DAYS} by default" in (REFERENCE / "mail.md").read_text()


def test_every_reserved_name_is_documented() -> None:
    after = (REFERENCE / "settings.md").read_text().partition("## Reserved names")[2].partition("\n## ")[0]
    before, _, names = after.partition("The list:")
    assert set(re.findall(r"`([^`]+)`", names)) == RESERVED_NAMES
    assert set(re.findall(r"[a-z]+", " ".join(re.findall(r"\*\*(.+?)\*\*", before)))) == NEVER_GIVEN


def test_documents_mention_only_existing_variables() -> None:
    names = {PREFIX + name.upper() for name in Settings.model_fields}
    names |= {f"{PREFIX}{secret}_FILE" for secret in SECRETS}
    for path in DOCUMENTS:
        reported = set(re.findall(r"\bPOSTROOM_[A-Z][A-Z_]*[A-Z]\b", path.read_text()))
        assert reported <= names | NO_SETTINGS, path


def _metric_names() -> set[str]:
    counters = {f"{each.name}_total" for each in REGISTRY.collect() if each.type == "counter"}
    others = {each.name for each in REGISTRY.collect() if each.type != "counter"}
    return counters | others | {f"postroom_{name}" for name in GAUGES}


def test_every_metric_is_documented() -> None:
    reported = re.findall(r"^\| `(postroom_[a-z_]+)`", (REFERENCE / "metrics.md").read_text(), re.MULTILINE)
    assert len(reported) == len(set(reported))
    assert set(reported) == _metric_names()


def test_every_alarm_uses_existing_metrics() -> None:
    rules = yaml.safe_load((ROOT / "src/postroom/deploy/prometheus/alerts.yml").read_text())
    alarms = [rule for group in rules["groups"] for rule in group["rules"]]
    for alarm in alarms:
        assert {"alert", "expr", "labels", "annotations"} <= alarm.keys()
        asked = re.findall(r"\bpostroom_[a-z_]+", alarm["expr"])
        assert asked or "up{" in alarm["expr"]
        assert {re.sub(r"_(bucket|sum|count)$", "", name) for name in asked} <= _metric_names()


def _commands(group: Any, path: str = "postroom") -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


def test_every_command_is_documented_with_its_options() -> None:
    page = (REFERENCE / "cli.md").read_text()
    sections = dict(re.findall(r"^## `(postroom [a-z ]+)`.*?\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL))
    commands = dict(_commands(typer.main.get_command(command_line)))
    assert sections.keys() == commands.keys()
    for name, command in commands.items():
        visible = [each for each in command.params if not getattr(each, "hidden", False)]
        options = {option for each in visible for option in each.opts if option.startswith("--")}
        assert set(re.findall(r"^\| `(--[a-z-]+)", sections[name], re.MULTILINE)) == options, name


def test_every_command_shows_an_example_in_its_help() -> None:
    for name, command in _commands(typer.main.get_command(command_line)):
        assert re.search(rf"Example: .*{name}", command.help), name


def test_option_shared_by_several_commands_has_the_same_help_in_each() -> None:
    helps = [
        (option.opts[0], option.help)
        for _, command in _commands(typer.main.get_command(command_line))
        for option in command.params
        if option.opts[0] in ("--json", "--dry-run", "--data")
    ]
    assert ("--json", "Print JSON.") in helps
    assert len({name for name, _ in helps}) == len(set(helps)) == 3


def _app() -> FastAPI:
    policy = HookPolicy(keys=[], domains=[], reserved=[], retry_after_seconds=1, at_once=1)
    nobody = cast(Any, None)  # The description does not need the parts of the service.
    parts: dict[str, Any] = dict.fromkeys(signature(mail_routes).parameters, MagicMock())
    parts["stalwart_webhook"] = StalwartWebhook(None, nobody)  # FastAPI would include a mock in the description.
    gateway = gateway_routes(nobody, nobody, nobody, now=nobody, verify=nobody)
    webhook, mail = Webhook(nobody, nobody, policy), mail_routes(**parts)
    return create_app(webhook, nobody, hosts=(), mail=mail, gateway=gateway)


def _openapi() -> dict[str, Any]:
    return _app().openapi()


def test_openapi_file_matches_the_application() -> None:
    file = ROOT / "docs/openapi.json"
    if WRITE:
        file.write_text(json.dumps(_openapi(), indent=2) + "\n")
    assert json.loads(file.read_text()) == _openapi(), "generate it with POSTROOM_WRITE_DOCS=1"


NOT_DESCRIBED = {
    ("GET", "/.well-known/jmap"),
    ("HEAD", "/.well-known/jmap"),
    ("GET", "/jmap/session"),
    ("POST", "/jmap"),
    ("POST", "/jmap/"),
    ("POST", "/jmap/upload/{account_id}/"),
    ("GET", "/jmap/download/{account_id}/{blob_id}/{name:path}"),
    ("GET", "/jmap/eventsource/"),
}
"""RFC 8620 describes them, and a client finds them in the session object."""


def test_every_route_is_in_the_openapi_description_or_listed_as_an_exception() -> None:
    described = {(method.upper(), path) for path, methods in _openapi()["paths"].items() for method in methods}
    served = {
        (method, route.path) for route in _app().routes if isinstance(route, Route) for method in route.methods or ()
    }
    assert served - described == NOT_DESCRIBED


def test_every_reference_in_the_openapi_description_has_a_target() -> None:
    description = _openapi()
    for reference in re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(description)):
        reduce(lambda found, name: found[name], reference.split("/"), description)


def test_every_path_and_every_webhook_status_is_documented() -> None:
    page = (REFERENCE / "http.md").read_text()
    paths = page + (REFERENCE / "mail.md").read_text()
    for path, methods in _openapi()["paths"].items():
        for method in methods:
            assert f"`{method.upper()} {path}`" in paths
    answers = set(re.findall(r"^\| (\d{3}) \|", page, re.MULTILINE))
    assert answers == set(_openapi()["paths"]["/internal/mail/provision"]["post"]["responses"])


def test_every_problem_is_documented_with_its_status() -> None:
    rows = re.findall(r"^\| (`[a-z_0-9`, ]+`) \| (\d{3})", (REFERENCE / "problems.md").read_text(), re.MULTILINE)
    reported = {code: int(status) for codes, status in rows for code in re.findall(r"`(\w+)`", codes)}
    assert reported == {code: kind.status for code, kind in PROBLEMS.items()}


def test_every_code_in_an_http_answer_is_a_defined_problem() -> None:
    """Except codes that only commands show."""
    sources = [ROOT / "src/postroom" / name for name in ("domain/address.py", "domain/identity.py", "http/problems.py")]
    rooms = ("api", "gateway", "people", "devices", "arrivals", "mailboxes", "unsubscribe")
    sources += [path for room in rooms for path in (ROOT / "src/postroom" / room).glob("*.py")]
    code = "\n".join(path.read_text() for path in [*sources, ROOT / "src/postroom/postgres/access_tokens.py"])
    reported = set(re.findall(r'(?:problem|Refused|ListServerFailed)\(\s*"([a-z_0-9]+)"', code))
    assert reported == PROBLEMS.keys()


def test_every_status_and_action_of_the_audit_is_documented() -> None:
    page = (REFERENCE / "audit.md").read_text()
    statuses = re.findall(r"^\| `([a-z]+)` \|", page.partition("## Statuses")[2].partition("\n## ")[0], re.MULTILINE)
    assert set(statuses) == set(Status)
    actions = re.findall(r"^\| `([a-z]+)` \|", page.partition("## Actions")[2].partition("\n## ")[0], re.MULTILINE)
    sql = "\n".join(path.read_text() for path in (ROOT / "src/postroom/postgres/sql").glob("*.sql"))
    # `accept` is a parameter, given by provisioning/accept.py.
    assert set(actions) == {"accept"} | {action for action in actions if f"'{action}'" in sql}
    of_looks = {"missing", "found", "differs", "remake"}
    of_operators = {"retry", "bury", "dismiss", "pause", "resume"}
    assert set(actions) == {"create", "change", "accept", "refuse", "sweep", "rebuild"} | of_looks | of_operators


def test_every_column_and_index_is_documented() -> None:
    versions = (ROOT / "src/postroom/postgres/migrations/versions").glob("*.sql")
    schema = "\n".join(path.read_text() for path in versions)
    pages = (REFERENCE / "database.md").read_text() + (REFERENCE / "audit.md").read_text()
    for table, body in re.findall(
        r"^CREATE TABLE (?:IF NOT EXISTS )?(\w+) \((.*?)^\)", schema, re.MULTILINE | re.DOTALL
    ):
        assert f"`{table}`" in pages
        for column in re.findall(r"^    ([a-z_]+) ", body, re.MULTILINE):
            assert f"`{column}`" in pages, f"{table}.{column}"
    for index in re.findall(r"^CREATE (?:UNIQUE )?INDEX (?:IF NOT EXISTS )?(\w+)", schema, re.MULTILINE):
        assert f"`{index}`" in pages, index


def test_every_link_in_the_documents_has_a_target() -> None:
    for path in DOCUMENTS:
        for target in re.findall(r"\]\(([^)\s]+)\)|(?:src|srcset)=\"([^\"]+)\"", path.read_text()):
            link = target[0] or target[1]
            if not re.match(r"[a-z]+:|#", link):
                assert (path.parent / link.partition("#")[0]).exists(), f"{path}: {link}"


def _anchors(text: str) -> set[str]:
    """Of the headings, as GitHub makes them."""
    headings = re.findall(
        r"^#+ (.+)$", re.sub(r"^ *```.*?^ *```$", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE
    )
    plain = [re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", each) for each in headings]
    return {re.sub(r"[^\w\- ]", "", each.lower()).strip().replace(" ", "-") for each in plain}


def test_every_link_to_a_heading_finds_it() -> None:
    anchors = {path.resolve(): _anchors(path.read_text()) for path in DOCUMENTS}
    for path in DOCUMENTS:
        for file, anchor in re.findall(r"\]\(([^)\s:#]*)#([^)\s]+)\)", path.read_text()):
            target = (path.parent / file).resolve() if file else path.resolve()
            if target.suffix == ".md":
                assert anchor in anchors[target], f"{path}: {file}#{anchor}"


def test_no_document_installs_postroom_from_the_package_index() -> None:
    """The packages of these names are not ours."""
    lines = [
        line
        for path in DOCUMENTS
        for line in re.findall(r"^.*\bpip install\b.*\bpostroom\b.*$", path.read_text(), re.MULTILINE)
    ]
    assert lines
    for line in lines:
        assert "--no-index" in line, line


def _code_maps() -> str:
    return "\n".join(path.read_text() for path in CODE_MAPS)


def test_every_test_named_in_the_code_maps_exists() -> None:
    named = re.findall(r"`?(tests/[a-z_/]+\.py)::(test_[a-z0-9_]+)", _code_maps())
    assert named
    for file, name in named:
        assert f"def {name}(" in (ROOT / file).read_text(), f"{file}::{name}"


def test_every_file_named_in_the_code_maps_exists() -> None:
    named = set(re.findall(r"`([a-z_0-9/]+\.(?:py|sql|lua))`", _code_maps()))
    assert {"process/leader_loop.py", "postgres/migrations/versions/0001_start.sql"} <= named
    for name in named:
        assert (ROOT / "src/postroom" / name).exists() or (ROOT / name).exists(), name


def test_every_file_of_the_interface_named_in_the_code_maps_exists() -> None:
    """Paths are below `web/src/lib`, or from the top; a bare name stands behind a path of the same folder."""
    missing: list[str] = []
    folder = ROOT
    kinds = "ts|svelte|js|cjs|html|css|json|jsonnet|ya?ml|toml"
    for name in re.findall(rf"`([A-Za-z_0-9/.-]+\.(?:{kinds})|[a-z-]+/[a-z/-]*)`", _code_maps()):
        places = (ROOT / "web/src/lib", ROOT, ROOT / "src/postroom", folder)
        found = next((place / name for place in places if (place / name).exists()), None)
        if found is None:
            missing.append(name)
        else:
            folder = found.parent
    assert missing == []


def test_every_test_that_contributing_tells_to_run_exists() -> None:
    commands = re.findall(r"pytest (tests/[\w/.]+)(?: -k (\w+))?", (ROOT / "CONTRIBUTING.md").read_text())
    assert any(part for _, part in commands)
    for path, part in commands:
        place = ROOT / path
        modules = [place] if place.is_file() else sorted(place.rglob("test_*.py"))
        names = [name for module in modules for name in re.findall(r"def (test_\w+)", module.read_text())]
        assert any(part in name for name in names), (path, part)


def test_architecture_names_the_layers_that_are_checked() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (checked,) = (contract["layers"] for contract in contracts if contract["type"] == "layers")
    named = re.search(r"^`cli` →.*?\.$", (ROOT / "ARCHITECTURE.md").read_text(), re.MULTILINE | re.DOTALL)
    assert named
    layers = [re.findall(r"`([a-z_.]+)`", layer) for layer in named[0].split("→")]
    assert layers == [re.findall(r"postroom\.([a-z_.]+)", layer) for layer in checked]


def test_decision_records_are_numbered_without_gaps_and_have_the_required_sections() -> None:
    records = sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))
    assert [int(record.name[:4]) for record in records] == list(range(1, len(records) + 1))
    for record in records:
        headings = re.findall(r"^## (.+)$", record.read_text(), re.MULTILINE)
        assert headings == ["Context", "Decision", "Consequence"], record.name


def test_each_command_block_has_one_tag_that_says_where_it_may_run() -> None:
    found = list(blocks())
    assert {tag for block in found for tag in block.tags} == TAGS
    assert [f"{block.document}:{block.line}" for block in found if len(block.tags) != 1] == []


def test_ci_runs_the_command_that_the_readme_names_for_it() -> None:
    commands = [block.commands.partition("#")[0].strip() for block in blocks() if block.tags == ("ci",)]
    assert commands == ["make test"]
    assert "\nmake test\n" in (ROOT / ".ci/run").read_text()
