"""The bill of materials (CycloneDX): what the product is made of, as the locked requirements and packages name it."""

# The library declares its classes as an `Intersection`, which no checker of types knows yet:
# pyright: reportCallIssue=false, reportAttributeAccessIssue=false, reportUnknownMemberType=false, reportArgumentType=false

import base64
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, Property, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

_PIN = re.compile(
    r"^(?P<name>[a-z0-9-]+)==(?P<version>[^ ]+)(?: ; (?P<marker>.+?))? \\\n(?P<more>(?: .*\n)+)", re.MULTILINE
)
_SHA256 = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_NEEDED_BY = re.compile(r"^ +# +(?:via )?(?!via$)([a-z0-9-]+)(?: \(pyproject\.toml\))?$", re.MULTILINE)

BUNDLED = ("@sveltejs/kit", "clsx", "devalue", "lucide", "svelte")
"""Packages of which the built interface has code or pictures, although package.json has them for the build only."""


@dataclass(frozen=True)
class Requirement:
    """A pinned package of Python: `marker` says on which platforms it is installed, if not on all; `needed_by` are the
    names of those that require it."""

    name: str
    version: str
    marker: str
    hashes: Sequence[str]
    needed_by: Sequence[str]


@dataclass(frozen=True)
class Script:
    """A package of JavaScript in the built interface; `sha512` is of its archive."""

    name: str
    version: str
    license: str
    sha512: str


def bill_of_materials(source: Path, version: str, time: int) -> str:
    """As JSON; the same text for the same sources, version and time."""
    product = Component(
        name="postroom",
        version=version,
        type=ComponentType.APPLICATION,
        bom_ref="postroom",
        licenses=[LicenseFactory().make_from_string("Apache-2.0")],
    )
    bom = Bom(serial_number=uuid5(NAMESPACE_URL, f"postroom/{version}/{time}"))
    bom.metadata.component = product
    bom.metadata.timestamp = datetime.fromtimestamp(time, UTC)
    components = {"postroom": product}
    needs: dict[str, list[Component]] = {"postroom": []}
    for each in read_requirements((source / "requirements/run.txt").read_text("utf-8")):
        components[each.name] = _python_component(each)
        for name in each.needed_by:
            needs.setdefault(name, []).append(components[each.name])
    for script in read_scripts(json.loads((source / "web/package-lock.json").read_text("utf-8"))):
        component = _script_component(script)
        bom.components.add(component)
        needs["postroom"].append(component)
    for name, component in components.items():
        if component is not product:
            bom.components.add(component)
        bom.register_dependency(component, needs.get(name, ()))
    return JsonV1Dot6(bom).output_as_string(indent=2) + "\n"


def read_requirements(text: str) -> Iterator[Requirement]:
    """Of a file that `uv pip compile --generate-hashes` has written."""
    for pin in _PIN.finditer(text):
        name, version, marker, more = pin.groups("")
        yield Requirement(name, version, marker, _SHA256.findall(more), _NEEDED_BY.findall(more))


def read_scripts(lock: Mapping[str, Any]) -> Iterator[Script]:
    """Of package-lock.json: what is installed for more than the build, and what the build puts into its output."""
    for path, package in lock["packages"].items():
        name = path.rpartition("node_modules/")[2]
        if name and (not package.get("dev") or name in BUNDLED):
            sha512 = base64.b64decode(package["integrity"].removeprefix("sha512-")).hex()
            yield Script(name, package["version"], package.get("license", ""), sha512)


def _python_component(requirement: Requirement) -> Component:
    purl = PackageURL("pypi", name=requirement.name, version=requirement.version)
    return Component(
        name=requirement.name,
        version=requirement.version,
        bom_ref=str(purl),
        purl=purl,
        properties=[Property(name="postroom:marker", value=requirement.marker)] if requirement.marker else (),
        external_references=[
            ExternalReference(
                type=ExternalReferenceType.DISTRIBUTION,
                # Not the address of an index: any mirror has the files of these hashes.
                url=XsUri(str(purl)),
                comment="the hashes of all files of this version; one of them is installed",
                hashes=[HashType(alg=HashAlgorithm.SHA_256, content=each) for each in requirement.hashes],
            )
        ],
    )


def _script_component(script: Script) -> Component:
    namespace, _, name = script.name.rpartition("/")
    purl = PackageURL("npm", namespace or None, name, script.version)
    return Component(
        group=namespace or None,
        name=name,
        version=script.version,
        bom_ref=str(purl),
        purl=purl,
        licenses=[LicenseFactory().make_from_string(script.license)] if script.license else (),
        hashes=[HashType(alg=HashAlgorithm.SHA_512, content=script.sha512)],
    )
