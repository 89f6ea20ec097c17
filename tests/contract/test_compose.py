"""compose.yaml: the parser of the compose specification accepts it, and what it names exists."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema_rs
import pytest
import yaml

from compose_file import ROOT, Project, Refused, checkout, command, mounts, prepare, project, services
from postroom.settings.secret_files import SECRETS
from postroom.settings.settings import Settings
from postroom.settings.wrong_setting import PREFIX
from postroom.setup import kratos

PROFILES = {
    "all": {
        *("migrate", "postroom", "work", "postgres", "valkey", "kratos-files", "kratos-migrate", "kratos"),
        *("stalwart", "centrifugo", "proxy"),
    },
    "postroom": {"migrate", "postroom-alone", "work"},
}
BY_SETUP = {"stalwart-api-key", "mail-master"}
"""Secrets that the service `setup` writes."""
DATA = {"postgres": "/var/lib/postgresql", "valkey": "/data", "stalwart": "/var/lib/stalwart", "proxy": "/data"}
PUBLIC = {"proxy": {"80", "443"}, "stalwart": {"25", "465", "993"}}
SCHEMA = ROOT / "tests/kratos/config-26.2.0.schema.json"
SERVERS = {
    "POSTROOM_DATABASE_URL": "postgresql://postroom:secret@db.example.org/postroom",
    "POSTROOM_MIGRATE_DATABASE_URL": "postgresql://owner:secret@db.example.org/postroom",
    "POSTROOM_STALWART_URL": "https://mx.example.org",
    "POSTROOM_KRATOS_PUBLIC_URL": "http://10.0.0.5:4433",
    "POSTROOM_KRATOS_ADMIN_URL": "http://10.0.0.5:4434",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prepared for the profile `all`."""
    folder = checkout(tmp_path_factory.mktemp("compose"))
    assert prepare(folder, "example.org").returncode == 0
    return folder


@pytest.fixture(scope="module")
def everything(folder: Path) -> Project:
    """All services of all profiles."""
    return project(folder, "all", "postroom", "setup")


# The profiles


def test_each_profile_has_its_services(tmp_path: Path, folder: Path) -> None:
    assert services(project(folder)).keys() == PROFILES["all"]
    assert services(project(folder, "postroom")).keys() == PROFILES["postroom"]
    only = checkout(tmp_path)
    done = prepare(only, "--only-postroom", "example.org", **SERVERS)
    assert done.returncode == 0, done.stderr
    found = project(only)
    assert services(found).keys() == PROFILES["postroom"]
    environment = services(found)["postroom-alone"]["environment"]
    for name in ("STALWART_URL", "KRATOS_PUBLIC_URL", "KRATOS_ADMIN_URL"):
        assert environment[PREFIX + name] == SERVERS[PREFIX + name]
    assert not environment["POSTROOM_CENTRIFUGO_URL"]
    for file in ("postroom/database-url", "migrate-database-url"):
        assert (only / ".compose/secrets" / file).read_text().strip() in SERVERS.values()


def test_without_secrets_nothing_starts_and_one_line_says_what_to_run(tmp_path: Path) -> None:
    folder = checkout(tmp_path)
    with pytest.raises(Refused) as refused:
        project(folder, "all")
    assert "Run deploy/compose/prepare first" in str(refused.value)
    assert str(refused.value).count("\n") == 1
    # The name may come from the shell, too.
    with pytest.raises(Refused, match="Run deploy/compose/prepare first"):
        project(folder, "all", environment={"COMPOSE_PROJECT_NAME": "mine", "PROJECT": "mine"})


def test_what_is_waited_for_exists(everything: Project) -> None:
    for name, service in services(everything).items():
        for other, how in service.get("depends_on", {}).items():
            depended = services(everything)[other]
            if how["condition"] == "service_healthy":
                assert "healthcheck" in depended, f"{name} waits for the health of {other}"
            if how["condition"] == "service_completed_successfully":
                assert depended["restart"] == "no"


def test_a_service_runs_once_or_is_started_again_and_has_a_health_check(everything: Project) -> None:
    for name, service in services(everything).items():
        assert service["restart"] in ({"no"} if "healthcheck" not in service else {"unless-stopped"}), name


def test_a_health_check_asks_no_proxy(everything: Project) -> None:
    """Docker's client hands that of the user to all containers, and 127.0.0.1 is another host there."""
    without = {"curl": "--noproxy *", "wget": "-Y off"}
    for name, service in services(everything).items():
        if "healthcheck" in service:
            _, program, *arguments = service["healthcheck"]["test"]
            assert "urllib" not in str(arguments), name
            assert without.get(program, "") in " ".join(arguments), name


# What it names


def test_each_mounted_file_is_in_the_repository_or_made_by_the_script(folder: Path, everything: Project) -> None:
    for name in services(everything):
        for target, file in mounts(everything, name).items():
            assert file.exists(), f"{name} mounts {file} at {target}"
            if ".compose" not in file.parts:
                assert (ROOT / file.relative_to(folder)).exists()


def test_each_variable_of_postroom_is_a_setting_and_each_secret_of_it_is_made(everything: Project) -> None:
    names = {PREFIX + name.upper() for name in Settings.model_fields} | {f"{PREFIX}{name}_FILE" for name in SECRETS}
    text = (ROOT / "compose.yaml").read_text() + (ROOT / "deploy/compose/prepare").read_text()
    assert set(re.findall(r"\$\{?(POSTROOM_[A-Z_]+)", text)) <= names | {"POSTROOM_IMAGE"}
    for name, service in services(everything).items():
        seen = mounts(everything, name)
        for variable, value in (service.get("environment") or {}).items():
            if variable.startswith(PREFIX):
                assert variable in names, f"{name}: {variable}"
            if variable.startswith(PREFIX) and variable.endswith("_FILE") and Path(value).name not in BY_SETUP:
                found = seen.get(value) or seen[str(Path(value).parent)] / Path(value).name
                assert found.read_text(), f"{name}: {variable} is empty"


def test_each_secret_is_made_and_used(folder: Path, everything: Project) -> None:
    used = {source for name in services(everything) for source in mounts(everything, name).values()}
    secrets = [file for file in (folder / ".compose/secrets").rglob("*") if file.is_file()]
    assert {each for each in secrets if not {each, *each.parents} & used} == set()
    assert {Path(each["file"]) for each in everything["secrets"].values()} <= set(secrets)


def test_each_address_in_a_file_is_a_service_with_that_port(folder: Path, everything: Project) -> None:
    """Ports on which the image of the service listens, or that its files name."""
    ports = {"postgres": {"5432"}, "valkey": {"6379"}, "kratos": {"4433", "4434"}, "stalwart": {"8080"}}
    ports |= {"centrifugo": {"8000", "9000"}, "postroom": {"3001"}}
    texts = [str(everything)]
    for name in services(everything):
        texts += [file.read_text() for file in mounts(everything, name).values() if file.is_file()]
    texts += [file.read_text() for file in (folder / ".compose/secrets/postroom").iterdir()]
    found = {each for text in texts for each in re.findall(rf"[@/ ]({'|'.join(ports)}):(\d{{4}})\b", text)}
    assert found == {(name, port) for name, numbers in ports.items() for port in numbers}


def test_images_are_pinned(everything: Project) -> None:
    for name, service in services(everything).items():
        ours = service["image"] == "postroom"  # built of this folder, whose version stands in pyproject.toml only
        assert ours or re.search(r":v?\d+\.\d+(\.\d+)?$", service["image"]), f"{name}: {service['image']}"
    replaced = project(Path(everything["services"]["migrate"]["build"]["context"]), environment={"CADDY_IMAGE": "c@1"})
    assert services(replaced)["proxy"]["image"] == "c@1"


def test_data_outlive_their_containers(folder: Path, everything: Project) -> None:
    """Without these mounts the images would keep them in volumes without a name, or in memory."""
    for name, target in DATA.items():
        assert mounts(everything, name)[target] == folder / ".compose/data" / name
        (mount,) = [each for each in services(everything)[name]["volumes"] if each["target"] == target]
        assert not mount.get("read_only")
    assert services(everything)["proxy"]["environment"]["XDG_DATA_HOME"] == DATA["proxy"]
    assert "dir /data" in mounts(everything, "valkey")["/etc/valkey/valkey.conf"].read_text().splitlines()
    assert DATA["stalwart"] in mounts(everything, "stalwart")["/etc/stalwart/config.json"].read_text()


def test_processes_of_postroom_have_time_to_end(everything: Project) -> None:
    drain = Settings.model_fields["drain_seconds"].default
    for name in ("postroom", "postroom-alone", "work"):
        assert services(everything)[name]["stop_grace_period"] == "30s"
    assert drain + 5 < 30


def test_there_is_one_worker_and_whoever_serves_is_none(everything: Project) -> None:
    for name in ("postroom", "postroom-alone"):
        assert services(everything)[name]["environment"]["POSTROOM_WORKER"] == "false"


def test_each_secret_of_postroom_reaches_it(folder: Path, everything: Project) -> None:
    names = {f"/etc/postroom/secrets/{file.name}" for file in (folder / ".compose/secrets/postroom").iterdir()}
    given = services(everything)["postroom"]["environment"]
    assert names | {f"/etc/postroom/secrets/{name}" for name in BY_SETUP} == {
        value for variable, value in given.items() if variable.endswith("_FILE")
    }


def test_services_of_postroom_know_their_names_and_their_proxy(everything: Project) -> None:
    """A Prometheus in the network `back` calls them by these names; the proxy has an address in `front`."""
    [front] = everything["networks"]["front"]["ipam"]["config"]
    assert "front" in services(everything)["proxy"]["networks"]
    for name in ("postroom", "postroom-alone", "work"):
        given = services(everything)[name]["environment"]
        assert {"postroom", "work"} <= set(given["POSTROOM_HOSTS"].split(","))
        assert given["POSTROOM_TRUSTED_PROXIES"] == front["subnet"]


# What is open


def test_only_the_proxy_and_the_mail_ports_are_reachable_from_other_hosts(everything: Project) -> None:
    reachable: dict[str, set[str]] = {}
    for name, service in services(everything).items():
        for each in service.get("ports", []):
            assert str(each["target"]) in each["published"] or name == "stalwart"
            if each.get("host_ip") != "127.0.0.1":
                reachable.setdefault(name, set()).add(each["published"])
    assert reachable == PUBLIC


def test_the_proxy_cannot_reach_what_is_behind_postroom(everything: Project) -> None:
    assert everything["networks"]["back"]["internal"] is True
    front = {name for name, service in services(everything).items() if "front" in service["networks"]}
    assert front - {"migrate", "work", "setup", "kratos-files", "postroom-alone"} == {"proxy", "postroom", "centrifugo"}
    assert set(services(everything)["proxy"]["networks"]) == {"front"}
    for name in ("postgres", "valkey"):
        assert set(services(everything)[name]["networks"]) == {"back"}


def test_stalwart_never_bans_the_network_in_which_postroom_is(everything: Project) -> None:
    """It must never ban these addresses."""
    (network,) = everything["networks"]["back"]["ipam"]["config"]
    assert f"--address={network['subnet']}" in command(services(everything)["setup"])


def test_live_events_are_for_the_pages_of_postroom_only(everything: Project) -> None:
    given = services(everything)["centrifugo"]["environment"]
    assert given["CENTRIFUGO_CLIENT_ALLOWED_ORIGINS"] == "https://mail.example.org"


def test_every_container_is_confined(everything: Project) -> None:
    for name, service in services(everything).items():
        assert re.fullmatch(r"[1-9]\d*:\d+", service["user"]), name
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service.get("cap_add", ["NET_BIND_SERVICE"]) == ["NET_BIND_SERVICE"]
        assert not service.get("privileged")
        for each in service.get("volumes", []):
            assert each.get("read_only") or ".compose" in each["source"], f"{name} writes into the repository"


def test_no_secret_is_in_a_command_or_a_variable(folder: Path, everything: Project) -> None:
    secrets = [file.read_text().strip() for file in (folder / ".compose/secrets").rglob("*") if file.is_file()]
    for service in services(everything).values():
        text = str([command(service), service.get("environment")])
        assert not [secret for secret in secrets if secret in text]


# The script


def test_secrets_are_random_and_for_their_owner_only(tmp_path: Path, folder: Path) -> None:
    other = checkout(tmp_path)
    done = prepare(other, "example.org")
    for file in (folder / ".compose/secrets").rglob("*"):
        assert file.stat().st_mode & 0o077 == 0, file
        if file.is_file():
            twin = other / file.relative_to(folder)
            assert twin.read_text() != file.read_text(), file
            assert twin.read_text().strip() not in done.stdout + done.stderr
    assert (folder / ".env").stat().st_mode & 0o077 == 0


def test_the_script_changes_nothing_that_exists(tmp_path: Path) -> None:
    folder = checkout(tmp_path)
    prepare(folder, "example.org")
    key = (folder / ".compose/secrets/postroom/webhook-key").read_text()
    (folder / ".env").unlink()
    again = prepare(folder, "example.org")
    assert again.returncode == 1
    assert ".compose exists already" in again.stderr
    assert (folder / ".compose/secrets/postroom/webhook-key").read_text() == key
    assert not (folder / ".env").exists()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), "MAIL_DOMAIN is not set"),
        (("Example Org",), "no host name"),
        (("example.org", "https://mail.example.org"), "no host name"),
        (("example.org; rm -rf .",), "no host name"),
        (("--only-postroom", "example.org"), "POSTROOM_DATABASE_URL is not set"),
    ],
)
def test_the_script_says_what_is_wrong_and_leaves_nothing_behind(
    tmp_path: Path, arguments: tuple[str, ...], expected: str
) -> None:
    folder = checkout(tmp_path)
    refused = prepare(folder, *arguments)
    assert refused.returncode == 1
    assert expected in refused.stderr
    assert not (folder / ".env").exists()
    assert not (folder / ".compose").exists()


# Kratos


def test_kratos_files_are_valid_for_its_newest_version(folder: Path, everything: Project) -> None:
    """The schema is that of Kratos 26.2.0's source. The tests run 1.3.1, the newest that can be built here."""
    texts = [
        mounts(everything, "kratos")["/etc/kratos/kratos.yml"].read_text(),
        (folder / ".compose/secrets/kratos.yml").read_text(),
        kratos.hook("http://postroom:3001", "key"),
        kratos.interface("https://mail.example.org"),
    ]
    merged: dict[str, Any] = {}
    for text in texts:
        _lay_over(merged, yaml.safe_load(text))
    problems = [f"{each.instance_path}: {each.message}" for each in _validator().iter_errors(merged)]
    assert problems == []
    merged["serve"]["public"]["prot"] = 4433
    assert list(_validator().iter_errors(merged)), "the schema finds a misspelt name"


def test_kratos_and_postroom_agree_where_kratos_is(everything: Project) -> None:
    settings = services(everything)["postroom"]["environment"]
    file = yaml.safe_load(mounts(everything, "kratos")["/etc/kratos/kratos.yml"].read_text())
    for side in ("public", "admin"):
        url = urlsplit(settings[f"POSTROOM_KRATOS_{side.upper()}_URL"])
        assert (url.hostname, url.port) == ("kratos", file["serve"][side]["port"])


def _validator() -> jsonschema_rs.Draft7Validator:
    """Tracing has a schema of its own; nothing of ours sets it."""
    schema = yaml.safe_load(SCHEMA.read_text())
    schema["properties"]["tracing"] = False
    return jsonschema_rs.Draft7Validator(schema)


def _lay_over(below: dict[str, Any], above: dict[str, Any]) -> None:
    """As Kratos merges its files: objects are merged, lists replaced."""
    for name, value in above.items():
        if isinstance(value, dict) and isinstance(below.get(name), dict):
            _lay_over(below[name], value)
        else:
            below[name] = value
