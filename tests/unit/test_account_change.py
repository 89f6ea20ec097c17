"""The one change that brings an account nearer to what its identity wants."""

from uuid import uuid4

import pytest

from postroom.domain.account_change import (
    Addresses,
    Alias,
    Audited,
    Because,
    Holder,
    Login,
    Observed,
    Permissions,
    Refusal,
    Role,
    Step,
    Wanted,
    alarms,
    audited,
    described,
    next_step,
    note_of,
    put_back,
)

OLD, NEW, THIRD = "old@example.org", "new@example.org", "third@example.org"
BEN = uuid4()
INACTIVE, OPERATOR = frozenset([Because.INACTIVE]), frozenset([Because.OPERATOR])
OFF = Login(Permissions.MERGE, off=True, sole=True)
REPLACED = Login(Permissions.REPLACE)


def records(**own: str) -> Addresses:
    """Of these roles: `held="a b"`. What Ben has is named by `ben_held`, `ben_wanted`, `ben_old`."""
    ours = {each: Role(role) for role, text in own.items() if not role.startswith("ben") for each in text.split()}
    bens = {
        each: Holder(BEN, Role(role.removeprefix("ben_")))
        for role, text in own.items()
        if role.startswith("ben")
        for each in text.split()
    }
    return Addresses(ours, bens)


MINE = records(held=OLD, wanted=NEW)


def seen(
    email: str = OLD, *aliases: Alias, note: frozenset[Because] = frozenset(), login: Login | None = None
) -> Observed:
    return Observed("c", email, "Ann", aliases, login or Login(), note)


def reached(wanted: Wanted, observed: Observed, addresses: Addresses = MINE) -> bool:
    return next_step(wanted, observed, addresses) is None


# At rest


@pytest.mark.parametrize("wanted", [Wanted(), Wanted(OLD), Wanted(OLD, "Ann"), Wanted(name="Ann")])
def test_an_account_that_is_as_wanted_stays(wanted: Wanted) -> None:
    assert reached(wanted, seen(OLD, Alias(THIRD)))


def test_what_an_identity_does_not_say_stays_as_it_is() -> None:
    """An address that is not served any more, or an identity without a name."""
    assert next_step(Wanted(None, None, INACTIVE), seen(), MINE) == Step(
        aliases=(), note=INACTIVE, login=False, takes=True
    )
    assert reached(Wanted(None, None), seen())


# Addresses


def test_a_rename_keeps_the_old_address_and_every_alias() -> None:
    unknown = Alias(THIRD, enabled=False, description="of somebody's")
    step = next_step(Wanted(NEW, "Ann N."), seen(OLD, unknown), MINE)
    assert step == Step(NEW, "Ann N.", (unknown, Alias(OLD)))


def test_a_new_name_touches_no_alias() -> None:
    assert next_step(Wanted(OLD, "Ann N."), seen(OLD, Alias(THIRD)), MINE) == Step(name="Ann N.")


def test_a_rename_back_makes_the_alias_the_address() -> None:
    step = next_step(Wanted(OLD), seen(NEW, Alias(OLD), Alias(THIRD)), records(held=NEW, old=f"{OLD} {THIRD}"))
    assert step == Step(OLD, aliases=(Alias(THIRD), Alias(NEW)))


@pytest.mark.parametrize("holding", ["ben_held", "ben_old"])
def test_an_old_address_that_is_anothers_is_not_kept(holding: str) -> None:
    assert next_step(Wanted(NEW), seen(), records(wanted=NEW, **{holding: OLD})) == Step(NEW, aliases=())


def test_an_old_address_that_was_released_is_not_kept() -> None:
    assert next_step(Wanted(NEW), seen(), records(wanted=NEW, leaving=OLD)) == Step(NEW, aliases=())


def test_an_old_address_that_another_only_wants_is_kept() -> None:
    assert next_step(Wanted(NEW), seen(), records(wanted=NEW, ben_wanted=OLD)) == Step(NEW, aliases=(Alias(OLD),))


@pytest.mark.parametrize("holding", ["ben_held", "ben_old", "ben_wanted"])
def test_an_address_of_another_is_refused_and_its_holder_named(holding: str) -> None:
    refusal = next_step(Wanted(NEW), seen(), records(held=OLD, **{holding: NEW}))
    assert refusal == Refusal(NEW, f"{NEW} is held by the identity {BEN}", BEN)


@pytest.mark.parametrize("addresses", [records(held=OLD), records(held=OLD, leaving=NEW)])
def test_an_address_that_is_not_reserved_is_refused(addresses: Addresses) -> None:
    assert isinstance(next_step(Wanted(NEW), seen(), addresses), Refusal)


def test_an_alias_that_the_account_has_may_become_its_address() -> None:
    """What the mail server shows counts more than another's wish; nobody has recorded the alias yet."""
    for addresses in (records(held=OLD), records(held=OLD, ben_wanted=NEW)):
        assert next_step(Wanted(NEW), seen(OLD, Alias(NEW)), addresses) == Step(NEW, aliases=(Alias(OLD),))
    assert isinstance(next_step(Wanted(NEW), seen(OLD, Alias(NEW, enabled=False)), records(ben_held=NEW)), Refusal)


def test_a_refused_address_holds_back_neither_the_name_nor_the_login() -> None:
    suspended = seen(note=INACTIVE, login=OFF)
    taken = records(held=OLD, ben_held=NEW)
    assert next_step(Wanted(NEW, "Ann N."), suspended, taken) == Step(None, "Ann N.", (), frozenset(), login=True)
    assert isinstance(next_step(Wanted(NEW, "Ann"), seen(), taken), Refusal)


# Taking before giving


def test_all_that_takes_away_is_one_step_before_all_that_gives() -> None:
    aliases = (Alias("leaving@example.org"), Alias("ben@example.org", description="x"), Alias(THIRD))
    addresses = records(held=OLD, wanted=NEW, leaving="leaving@example.org", ben_held="ben@example.org")
    step = next_step(Wanted(NEW, "Ann N.", INACTIVE), seen(OLD, *aliases), addresses)
    left = (Alias("ben@example.org", enabled=False, description="x"), Alias(THIRD))
    assert step == Step(aliases=left, note=INACTIVE, login=False, takes=True)


@pytest.mark.parametrize("holding", ["ben_held", "ben_old"])
def test_an_alias_that_the_records_give_to_another_is_disabled_and_reported(holding: str) -> None:
    observed = seen(OLD, Alias(THIRD))
    addresses = records(held=OLD, **{holding: THIRD})
    assert next_step(Wanted(), observed, addresses) == Step(aliases=(Alias(THIRD, enabled=False),), takes=True)
    assert [THIRD in found and str(BEN) in found for found in alarms(Wanted(), observed, addresses)] == [True]
    assert alarms(Wanted(), seen(OLD, Alias(THIRD, enabled=False)), addresses) == []


def test_an_alias_that_another_only_wants_stays() -> None:
    assert reached(Wanted(), seen(OLD, Alias(THIRD)), records(held=OLD, ben_wanted=THIRD))


def test_a_main_address_that_is_anothers_is_reported() -> None:
    assert len(alarms(Wanted(), seen(), records(ben_held=OLD))) == 1
    assert reached(Wanted(), seen(), records(ben_held=OLD))


# Login


def test_a_suspended_mailbox_is_still_renamed() -> None:
    step = next_step(Wanted(NEW, "Ann", INACTIVE), seen(note=INACTIVE, login=OFF), MINE)
    assert step == Step(NEW, aliases=(Alias(OLD),), note=INACTIVE)


def test_resume_ends_what_we_noted() -> None:
    step = next_step(Wanted(OLD), seen(OLD, Alias(THIRD), note=INACTIVE, login=OFF), MINE)
    assert step == Step(aliases=(Alias(THIRD),), login=True)


def test_a_lock_by_hand_is_reported_and_never_lifted_nor_called_ours() -> None:
    locked = seen(login=OFF)
    assert locked.because == {Because.HAND}
    for wanted in (Wanted(OLD), Wanted(OLD, because=INACTIVE)):
        assert reached(wanted, locked)
        assert ["by hand" in found or "somebody" in found for found in alarms(wanted, locked, MINE)] == [True]


def test_a_lock_by_hand_stays_while_something_else_is_given() -> None:
    assert next_step(Wanted(NEW), seen(login=OFF), MINE) == Step(NEW, aliases=(Alias(OLD),))


def test_an_operators_suspension_outlives_the_identitys() -> None:
    both = INACTIVE | OPERATOR
    assert next_step(Wanted(because=OPERATOR), seen(note=both, login=OFF), MINE) == Step(
        aliases=(), note=OPERATOR, takes=True
    )


def test_a_login_that_somebody_switched_on_again_is_switched_off_again() -> None:
    assert next_step(Wanted(because=INACTIVE), seen(note=INACTIVE), MINE) == Step(login=False, takes=True)


@pytest.mark.parametrize("kind", [Permissions.INHERIT, Permissions.MERGE])
def test_a_note_without_a_lock_ends_without_a_resume(kind: Permissions) -> None:
    assert next_step(Wanted(), seen(note=INACTIVE, login=Login(kind)), MINE) == Step(aliases=())


def test_permissions_that_are_a_list_of_their_own_stay_and_are_reported() -> None:
    observed = seen(login=REPLACED)
    assert reached(Wanted(because=INACTIVE), observed)
    assert len(alarms(Wanted(because=INACTIVE), observed, MINE)) == 1
    assert alarms(Wanted(), observed, MINE) == []
    ours_before = seen(note=INACTIVE, login=Login(Permissions.REPLACE, off=True))
    assert next_step(Wanted(), ours_before, MINE) == Step(aliases=())


# Put back, audit


def test_an_address_that_an_update_dropped_unknowingly_is_put_back_as_it_was() -> None:
    hidden = Alias(THIRD, enabled=False, description="x")
    first = seen("hand@example.org", hidden)
    last = seen(NEW, Alias(OLD), note=INACTIVE)
    assert put_back(first, last, MINE) == Step(aliases=(Alias(OLD), Alias("hand@example.org"), hidden), note=INACTIVE)
    assert put_back(seen(OLD), seen(NEW, Alias(OLD)), MINE) is None


def test_what_is_anothers_or_released_is_not_put_back() -> None:
    addresses = records(held=NEW, leaving=THIRD, ben_held=OLD)
    assert put_back(seen(OLD, Alias(THIRD)), seen(NEW), addresses) is None


def test_the_audit_names_what_changed_from_and_to() -> None:
    before, after = seen(), Observed("c", NEW, "Ann N.", (Alias(OLD),), OFF, INACTIVE | OPERATOR)
    assert audited(before, after) == [
        Audited("rename", OLD, NEW),
        Audited("describe", "Ann", "Ann N."),
        Audited("suspend", "active", "inactive, operator"),
    ]
    assert audited(after, Observed("c", NEW, "Ann N.")) == [Audited("resume", "inactive, operator", "active")]
    assert audited(before, seen(OLD, Alias(THIRD))) == []


@pytest.mark.parametrize("note", [frozenset[Because](), INACTIVE, OPERATOR | {Because.ABSENT}])
def test_the_description_of_the_mark_keeps_why_the_login_is_off(note: frozenset[Because]) -> None:
    assert note_of(described("Made by Postroom for identity x", note)) == note


@pytest.mark.parametrize(
    "text", [None, "", "Made by Postroom", "inactive", "x; login off: hand", "x; login off: whatever", "x; login off: "]
)
def test_any_other_description_says_nothing(text: str | None) -> None:
    assert note_of(text) == frozenset()
