"""What `postroom setup stalwart` decides about an account of its own and its role."""

import base64
import json

import pytest

from postroom.setup.deployed_files import text_of
from postroom.setup.own_account import Plan, Wanted, is_ours, planned
from postroom.setup.service_account import ROLE
from postroom.stalwart.api_keys import belongs_to, id_of
from postroom.stalwart.own_accounts import OwnAccount
from postroom.stalwart.roles import Role, granted

WANTED = Wanted("service account", "postroom-service", "…", "Postroom", frozenset({"a", "b"}))


def role(number: str, description: str, *permissions: str, disabled: str = "", includes: str = "") -> Role:
    return Role(
        id=number,
        description=description,
        enabledPermissions=dict.fromkeys(permissions, True),
        disabledPermissions=dict.fromkeys(disabled, True),
        roleIds=dict.fromkeys(includes, True),
    )


def account(*role_ids: str, kind: str = "Custom") -> OwnAccount:
    roles = {"@type": kind, "roleIds": dict.fromkeys(role_ids, True)}
    return OwnAccount.model_validate({"id": "k", "@type": "User", "emailAddress": "x@y", "roles": roles})


EXACT, LESS, MORE = role("f", "Postroom", "a", "b"), role("g", "Postroom", "a"), role("h", "Postroom", "a", "b", "c")
OTHER = role("i", "Backup", "a")


@pytest.mark.parametrize(
    ("found", "roles", "plan"),
    [
        (None, [OTHER], Plan(new_account=True, new_role=True)),
        (None, [OTHER, EXACT], Plan(new_account=True, role=EXACT)),
        (None, [LESS, MORE], Plan(new_account=True, new_role=True)),
        (account("f"), [OTHER, EXACT], Plan(role=EXACT)),
        (account("h"), [MORE], Plan(role=MORE)),
        (account("g"), [LESS, OTHER], Plan(role=LESS, grant=frozenset({"b"}))),
        (account("i", "g"), [LESS, OTHER], Plan(role=LESS, grant=frozenset({"b"}))),
        (account("i"), [OTHER, EXACT], Plan(new_role=True, assign=True)),
        (account(), [OTHER], Plan(new_role=True, assign=True)),
        (account("z"), [OTHER], Plan(new_role=True, assign=True)),
    ],
)
def test_a_role_is_used_if_it_is_exact_and_changed_if_it_is_held_by_the_account(
    found: OwnAccount | None, roles: list[Role], plan: Plan
) -> None:
    assert planned(WANTED, found, roles) == plan
    assert plan.changes == (plan not in (Plan(role=EXACT), Plan(role=MORE)))


@pytest.mark.parametrize(("kind", "ours"), [("Custom", True), ("User", False), ("Admin", False)])
def test_account_with_the_default_user_role_belongs_to_a_person(kind: str, ours: bool) -> None:
    assert is_ours(account(kind=kind)) == ours


def test_a_role_grants_what_those_grant_that_it_includes() -> None:
    first, second = role("b", "", "a", "b", disabled="b", includes="cd"), role("c", "", "c", includes="b")
    roles = {"b": first, "c": second}
    assert granted(["b"], roles) == {"a", "c"}
    assert granted([], roles) == granted(["z"], roles) == frozenset()


def test_the_ids_of_a_key_and_of_its_account_are_read_from_it() -> None:
    raw = (1).to_bytes(4, "big") + (53).to_bytes(4, "big") + bytes(20)
    secret = "API_" + base64.urlsafe_b64encode(raw).decode().rstrip("=")
    assert (id_of(secret), belongs_to(secret, "b"), belongs_to(secret, "bv")) == ("bv", True, False)
    for other in ("", "API_", "API_x", "API_of-nobody", "admin:pw", "API_é", "API_" + "A" * 60):
        assert (id_of(other), belongs_to(other, "b")) == (None, False)


def test_role_file_has_the_permissions_that_the_command_grants() -> None:
    (_, arguments, _) = json.loads(text_of("stalwart/role.json"))["methodCalls"][0]
    assert arguments["create"]["c"]["enabledPermissions"].keys() == ROLE
