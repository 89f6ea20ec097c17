"""The manifests of deploy/kubernetes fit Postroom: its settings, ports, routes and times.

The types of Kubernetes itself read them in tests/contract."""

import re
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any, cast

import pytest
import typer
import yaml

from postroom.api.health import Health, health_routes
from postroom.api.known_host import is_known
from postroom.cli.app import app as command_line
from postroom.composition.process import known_hosts
from postroom.settings.environment import load, unknown
from postroom.settings.secret_files import SECRETS
from postroom.settings.settings import Settings
from postroom.settings.wrong_setting import PREFIX
from postroom.setup.deployed_files import ROOT
from postroom.stalwart.webhook import PATH as STALWART_WEBHOOK

FOLDER = Path(str(ROOT / "kubernetes"))
PAGE = Path(__file__).resolve().parents[2] / "docs/how-to/kubernetes.md"
OBJECTS: list[Any] = [each for path in sorted(FOLDER.glob("*.yaml")) for each in yaml.safe_load_all(path.read_text())]
EXAMPLES = {
    "database-url": "postgresql://postroom:secret@postgresql.databases.svc/postroom",
    "migrate-database-url": "postgresql://postroom_owner:secret@postgresql.databases.svc/postroom",
    "redis-url": "",
    "mail-master": "postroom-mail@example.org:secret",
}
LONG_ENOUGH = "a-secret-of-32-characters-or-more"


def the(kind: str, name: str) -> Any:
    (found,) = [each for each in OBJECTS if (each["kind"], each["metadata"]["name"]) == (kind, name)]
    return found


PODS: dict[str, Any] = {
    "serve": the("Deployment", "postroom-serve")["spec"]["template"],
    "work": the("Deployment", "postroom-work")["spec"]["template"],
    "migrate": the("Job", "postroom-migrate")["spec"]["template"],
}
every_pod = pytest.mark.parametrize("name", PODS)
every_process = pytest.mark.parametrize("name", ["serve", "work"])


def container_of(name: str) -> Any:
    (container,) = PODS[name]["spec"]["containers"]
    return container


def environment_of(name: str) -> dict[str, str]:
    """Of the container, as Kubernetes makes it."""
    container, found = container_of(name), cast(dict[str, str], {})
    for source in container["envFrom"]:
        found |= the("ConfigMap", source["configMapRef"]["name"])["data"]
    return found | {each["name"]: each["value"] for each in container["env"]}


def mounts_of(name: str) -> dict[str, str]:
    """The folder of each secret."""
    secrets = {each["name"]: each["secret"]["secretName"] for each in PODS[name]["spec"]["volumes"]}
    return {secrets[each["name"]]: each["mountPath"] for each in container_of(name)["volumeMounts"]}


def settings_of(name: str, folder: Path) -> Settings:
    """As the process in that container reads them, with every secret."""
    environment = environment_of(name)
    for variable, value in environment.items():
        if variable.endswith("_FILE"):
            file = folder / Path(value).name
            file.write_text(EXAMPLES.get(file.name, LONG_ENOUGH))
            environment[variable] = str(file)
    assert unknown(environment) == []
    return load(environment)


@every_pod
def test_every_variable_is_a_setting_and_its_value_is_right(name: str, tmp_path: Path) -> None:
    assert all(variable.startswith(PREFIX) for variable in environment_of(name))
    settings = settings_of(name, tmp_path)
    assert settings.stalwart_webhook_url == f"http://postroom.postroom.svc:{settings.port}{STALWART_WEBHOOK}"


@every_process
def test_names_by_which_the_service_is_called_are_known(name: str, tmp_path: Path) -> None:
    """Probes and a Prometheus that finds pods call them by address, and so prove no name."""
    names = known_hosts(settings_of(name, tmp_path))
    (rule,) = the("Ingress", "postroom")["spec"]["rules"]
    by_service = ("postroom", "postroom.postroom", "postroom.postroom.svc", "postroom.postroom.svc.cluster.local")
    for host in (rule["host"], "10.244.1.7:3001", *(f"{each}:3001" for each in by_service)):
        assert is_known(host, names), host
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert container_of(name)[probe]["httpGet"].keys() == {"path", "port"}


def test_ingress_is_believed_whom_it_serves(tmp_path: Path) -> None:
    pod = ip_address("10.244.1.9")
    assert any(pod in network for network in settings_of("serve", tmp_path).trusted_proxies)


@every_pod
def test_every_secret_is_read_from_a_file_that_is_mounted(name: str) -> None:
    environment, folders = environment_of(name), mounts_of(name).values()
    files = {variable: Path(value) for variable, value in environment.items() if variable.endswith("_FILE")}
    assert not {PREFIX + secret for secret in SECRETS} & environment.keys()
    assert {str(path.parent) for path in files.values()} == set(folders)
    for variable, path in files.items():  # as the script of docs/how-to/install.md names them
        assert path.name == variable.removeprefix(PREFIX).removesuffix("_FILE").lower().replace("_", "-")


def test_only_the_migration_may_read_the_password_of_the_owner() -> None:
    assert {name for name in PODS if "postroom-owner" in mounts_of(name)} == {"migrate"}
    assert not any("migrate" in value for name in ("serve", "work") for value in environment_of(name).values())


@every_pod
def test_no_service_of_the_namespace_becomes_a_setting(name: str) -> None:
    """Kubernetes would set POSTROOM_PORT=tcp://10.0.0.1:3001 for the service `postroom`."""
    assert the("Service", "postroom")
    assert PODS[name]["spec"]["enableServiceLinks"] is False


@every_pod
def test_pods_have_no_rights_and_write_nowhere(name: str) -> None:
    """What the Pod Security Standard `restricted` wants, and a root file system that cannot be written."""
    assert the("Namespace", "postroom")["metadata"]["labels"] == {"pod-security.kubernetes.io/enforce": "restricted"}
    pod, container = PODS[name]["spec"], container_of(name)
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 10001,
        "runAsGroup": 10001,
        "fsGroup": 10001,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {each["secret"]["defaultMode"] for each in pod["volumes"]} == {0o440}
    assert {each.get("readOnly") for each in container["volumeMounts"]} == {True}


@every_pod
def test_container_runs_a_command_of_postroom_within_limits(name: str) -> None:
    container = container_of(name)
    commands = cast(Any, typer.main.get_command(command_line)).commands
    assert container["args"] == [name]
    assert name in commands
    assert container["resources"].keys() == {"requests", "limits"}
    assert container["resources"]["limits"].keys() == {"memory"}, "a limit of CPU would slow down webhooks"


@every_process
def test_probes_ask_the_routes_of_health_at_the_port_of_the_process(name: str, tmp_path: Path) -> None:
    container, settings = container_of(name), settings_of(name, tmp_path)
    (port,) = container["ports"]
    listening = (settings.host, settings.port) if name == "serve" else (settings.work_host, settings.work_port)
    assert listening == ("0.0.0.0", port["containerPort"])
    probes = {kind: container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")}
    assert {probe["port"] for probe in probes.values()} == {port["name"]}
    assert [probes[kind]["path"] for kind in probes] == ["/health/live", "/health/live", "/health/ready"]
    assert {probe["path"] for probe in probes.values()} < {route.path for route in health_routes(cast(Health, None))}
    # /health/ready itself waits 5 s for PostgreSQL.
    assert container["readinessProbe"]["timeoutSeconds"] > 5


@every_process
def test_a_process_has_ended_before_kubernetes_kills_it(name: str, tmp_path: Path) -> None:
    pause = container_of(name).get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
    needed = pause + settings_of(name, tmp_path).drain_seconds + 5
    assert PODS[name]["spec"]["terminationGracePeriodSeconds"] > needed


@every_process
def test_an_update_or_a_drained_node_leaves_a_process_running(name: str) -> None:
    deployment, budget = the("Deployment", f"postroom-{name}")["spec"], the("PodDisruptionBudget", f"postroom-{name}")
    assert deployment["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert deployment["replicas"] > budget["spec"]["minAvailable"] > 0


def _selectors() -> Iterator[tuple[str, dict[str, str], set[str]]]:
    """Whom it selects, and whom it should."""
    for name in ("serve", "work"):
        for kind in ("Deployment", "PodDisruptionBudget"):
            yield f"{kind} {name}", the(kind, f"postroom-{name}")["spec"]["selector"]["matchLabels"], {name}
        (spread,) = PODS[name]["spec"]["topologySpreadConstraints"]
        yield f"spread {name}", spread["labelSelector"]["matchLabels"], {name}
        policy = the("NetworkPolicy", f"postroom-{name}")["spec"]
        yield f"policy {name}", policy["podSelector"]["matchLabels"], {name}
    yield "Service", the("Service", "postroom")["spec"]["selector"], {"serve"}
    yield "policy", the("NetworkPolicy", "postroom")["spec"]["podSelector"]["matchLabels"], set(PODS)


def test_selectors_find_their_own_pods_and_no_others() -> None:
    for what, labels, wanted in _selectors():
        found = {name for name, pod in PODS.items() if labels.items() <= pod["metadata"]["labels"].items()}
        assert found == wanted, what


def test_requests_reach_the_service_by_the_name_of_its_port() -> None:
    (ports,) = [the("Service", "postroom")["spec"]["ports"]]
    named = {each["name"] for each in container_of("serve")["ports"]}
    assert [(each["port"], each["targetPort"]) for each in ports] == [(3001, *named)]
    (rule,) = the("Ingress", "postroom")["spec"]["rules"]
    (path,) = rule["http"]["paths"]
    assert path["backend"]["service"] == {"name": "postroom", "port": {"name": ports[0]["name"]}}
    for name in ("serve", "work"):
        (ingress,) = the("NetworkPolicy", f"postroom-{name}")["spec"]["ingress"]
        assert ingress["ports"] == [{"protocol": "TCP", "port": "http"}]


def test_the_page_names_every_manifest_and_every_file_of_the_secrets_and_no_other_object() -> None:
    page = PAGE.read_text()
    assert set(re.findall(r"\b([a-z]+\.yaml)\b", page)) == {path.name for path in FOLDER.glob("*.yaml")}
    variables = [(name, value) for pod in PODS for name, value in environment_of(pod).items()]
    files = {Path(value).name for name, value in variables if name.endswith("_FILE")}
    assert {name for name in files if re.search(rf"(?<![a-z-]){name}(?![a-z-])", page)} == files
    names = {f"{each['kind'].lower()}/{each['metadata']['name']}" for each in OBJECTS}
    named = set(re.findall(r"\b(?:deployment|job|service|configmap)/postroom[a-z-]*", page))
    assert named
    assert named <= names
