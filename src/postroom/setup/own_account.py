"""Creates or updates an account of Postroom at Stalwart, and its role."""

from collections.abc import Sequence
from dataclasses import dataclass

from postroom.setup.administrator import Administrator
from postroom.setup.step import Step
from postroom.stalwart.own_accounts import OwnAccount, OwnAccounts
from postroom.stalwart.roles import Role, Roles, granted

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Wanted:
    """`part` is the name of the account in the output, `role` the description of its role, `permissions` those of the
    role."""

    part: str
    name: str
    description: str
    role: str
    permissions: frozenset[str]


@dataclass(frozen=True, slots=True)
class Plan:
    """`role`: an existing role that is used; `grant`: the permissions to add to it. `new_role`: create a role.
    `assign`: the account exists, and needs the role."""

    new_account: bool = False
    role: Role | None = None
    grant: frozenset[str] = frozenset()
    new_role: bool = False
    assign: bool = False

    @property
    def changes(self) -> bool:
        return self.new_account or bool(self.grant) or self.assign


def planned(wanted: Wanted, account: OwnAccount | None, roles: Sequence[Role]) -> Plan:
    """What to change so that the account has the permissions that it needs. A role that other accounts may have is
    never changed: all of them would get more permissions."""
    by_id = {role.id: role for role in roles}
    named = [role for role in roles if role.description == wanted.role]
    if account is None:
        exact = next((role for role in named if granted([role.id], by_id) == wanted.permissions), None)
        return Plan(new_account=True, role=exact, new_role=exact is None)
    lacking = wanted.permissions - granted(account.roles.role_ids, by_id)
    own = next((role for role in named if role.id in account.roles.role_ids), None)
    if not lacking:
        return Plan(role=own)
    return Plan(role=own, grant=lacking) if own else Plan(new_role=True, assign=True)


def is_ours(account: OwnAccount) -> bool:
    """Whether the account may have been created for Postroom. A person's account, which has the default role, is not
    given more permissions."""
    return account.kind == "User" and account.roles.kind == "Custom"


async def ensure_account(by: Administrator, wanted: Wanted, domain: str) -> tuple[Step, OwnAccount | None]:
    """The step, and the account after it; None if it does not exist or is not ours. Raises `MailServerError`s."""
    accounts, roles = OwnAccounts(by.client, by.registry), Roles(by.client, by.registry)
    address = f"{wanted.name}@{domain}"
    account = await accounts.find(wanted.name, domain)
    if account and not is_ours(account):
        details = f"{address} belongs to somebody else: it has the role {account.roles.kind}; it was not changed"
        return Step(wanted.part, "error", details, "rename that account in Stalwart, then run this command again"), None
    plan = planned(wanted, account, await roles.listed())
    step = _step(wanted, address, plan, dry_run=by.dry_run)
    if by.dry_run or not plan.changes:
        return step, account
    if plan.role and plan.grant:
        await roles.grant(plan.role, plan.grant)
    role_id = plan.role.id if plan.role else await roles.create(wanted.role, wanted.permissions)
    if account is None:
        await accounts.create(wanted.name, domain, wanted.description, role_id)
    elif plan.assign:
        await accounts.assign(account, role_id)
    return step, await accounts.find(wanted.name, domain)


def _step(wanted: Wanted, address: str, plan: Plan, *, dry_run: bool) -> Step:
    if not plan.changes:
        return Step(wanted.part, "ok", f"{address} has all the permissions that it needs")
    state = "would change" if dry_run else "changed"
    role = f"{'a new' if plan.new_role else 'the'} role {wanted.role!r} ({len(wanted.permissions)} permissions)"
    if plan.new_account:
        return Step(wanted.part, state, f"created: {address}, with {role}")
    if plan.assign:
        return Step(wanted.part, state, f"{address}: got {role}")
    return Step(wanted.part, state, f"{address}: its role {wanted.role!r} got {_named(plan.grant)}")


def _named(permissions: frozenset[str]) -> str:
    first, more = sorted(permissions)[:_SHOWN], len(permissions) - _SHOWN
    return ", ".join(first) + (f" and {more} more" if more > 0 else "")
