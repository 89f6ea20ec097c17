"""One mailbox that follows its identity, whatever happens between two requests.

L1: nobody reads mail of others. L3: at rest it is as wanted, or something says why not. L6: who is wanted active can
log in, whatever else was refused. L7: twice, or cut off, ends as once. L8: who is wanted suspended cannot log in,
whatever else fails. L9: what an operator did, only an operator undoes.
"""

from collections.abc import Callable, Collection, Coroutine
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
)
from postroom.domain.change_outcome import Nearer
from postroom.errors import MailServerError, Misconfigured, Throttled, Transient
from postroom.provisioning.change_attempt import bring_nearer
from simulation.account_model import OURS, THEIRS, AccountModel, Killed, receives

A, B, C, D = (f"{name}@example.org" for name in "abcd")
BEN = UUID(int=7)
WHY = frozenset([Because.INACTIVE, Because.ABSENT, Because.OPERATOR])
MANY = settings(max_examples=150, deadline=None)


# What a history consists of


@st.composite
def accounts(draw: st.DrawFn, addresses: list[str]) -> Observed:
    chosen = draw(st.lists(st.sampled_from(addresses), unique=True, min_size=1))
    aliases = tuple(Alias(each, draw(st.booleans())) for each in chosen[1:])
    name = draw(st.sampled_from(["Ann", "Ann N.", None]))
    return Observed(OURS, chosen[0], name, aliases, *draw(st.sampled_from(LOCKS)))


LOCKED = Login(Permissions.MERGE, off=True, sole=True)
LOCKED_AMONG_OTHERS = Login(Permissions.MERGE, off=True)
LOCKS: list[tuple[Login, frozenset[Because]]] = [
    (Login(), frozenset()),
    (Login(Permissions.MERGE), frozenset()),
    (LOCKED, frozenset()),  # by hand
    (LOCKED, frozenset([Because.INACTIVE])),
    (LOCKED_AMONG_OTHERS, frozenset([Because.OPERATOR, Because.ABSENT])),
    (Login(), frozenset([Because.OPERATOR])),  # switched on again by hand
    (Login(Permissions.REPLACE), frozenset()),
    (Login(Permissions.REPLACE, off=True), frozenset([Because.INACTIVE])),
]


@st.composite
def records(draw: st.DrawFn) -> Addresses:
    own: dict[str, Role] = {}
    others: dict[str, Holder] = {}
    for address in (A, B, C, D):
        match draw(st.integers(0, 4)):
            case 0:
                own[address] = draw(st.sampled_from([Role.WANTED, Role.HELD, Role.OLD]))
            case 1:
                own[address] = Role.LEAVING
                others[address] = Holder(BEN, draw(st.sampled_from([Role.WANTED, Role.HELD])))
            case 2:
                others[address] = Holder(BEN, draw(st.sampled_from([Role.WANTED, Role.HELD, Role.OLD])))
            case 3:
                own[address] = Role.LEAVING
            case _:
                pass
    return Addresses(own, others)


wishes = st.builds(
    Wanted,
    email=st.sampled_from([A, B, C, D, None]),
    name=st.sampled_from(["Ann", "Ann N.", None]),
    because=st.sets(st.sampled_from(sorted(WHY))).map(frozenset),
)


@st.composite
def models(draw: st.DrawFn) -> AccountModel:
    """Of four addresses some are ours, and one may be at an account that nobody knows of."""
    at_theirs = draw(st.sampled_from([A, B, C, D, "else@example.org"]))
    ours = draw(accounts([each for each in (A, B, C, D) if each != at_theirs]))
    model = AccountModel(ours, Observed(THEIRS, at_theirs))
    model.refuses = frozenset(draw(st.sets(st.sampled_from([A, B, C, D]), max_size=1)))
    model.no_names = draw(st.sampled_from([False, False, True]))
    return model


def known(addresses: Addresses) -> Callable[[Collection[str]], Coroutine[None, None, Addresses]]:
    async def look_up(_: Collection[str]) -> Addresses:
        return addresses

    return look_up


def attempt(model: AccountModel, wanted: Wanted, addresses: Addresses) -> Nearer | None:
    """None: killed."""
    try:
        return run(bring_nearer(model, model.identity_id, wanted, known(addresses), lambda: 1.0))
    except Killed:
        return None


def run(attempting: Coroutine[None, None, Nearer]) -> Nearer:
    """Without an event loop, since the model waits for nothing."""
    try:
        attempting.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("the attempt waits")


def settle(model: AccountModel, wanted: Wanted, addresses: Addresses) -> Nearer:
    """Attempts until nothing is left to do, or the mail server refuses it."""
    for _ in range(12):
        nearer = attempt(model, wanted, addresses)
        if nearer is None or isinstance(nearer.error, Transient):
            continue
        if nearer.error or nearer.next is None or isinstance(nearer.next, Refusal):
            return nearer
    raise AssertionError(f"no end: {model.accounts[OURS]}")


def copied(model: AccountModel) -> AccountModel:
    copy = AccountModel(model.accounts[OURS], model.accounts[THEIRS])
    copy.refuses, copy.no_names = model.refuses, model.no_names
    return copy


def kill(at: int, *, after: bool) -> Callable[[AccountModel], None]:
    def prepare(model: AccountModel) -> None:
        def die(number: int) -> None:
            if number == at:
                raise Killed

        if after:
            model.after = die
        else:
            model.before = die

    return prepare


# The promises


@MANY
@given(models(), wishes, records())
def test_at_rest_the_account_is_as_wanted_or_something_says_why_not(
    model: AccountModel, wanted: Wanted, addresses: Addresses
) -> None:
    """L3, L6, L8 and L1 without faults."""
    start = model.accounts[OURS]
    nearer = settle(model, wanted, addresses)
    check(model, wanted, addresses, start)
    ours = model.accounts[OURS]
    if nearer.error is None and nearer.next is None:
        assert wanted.email in (None, ours.email)
        assert wanted.name in (None, ours.name)
    elif nearer.error is None:
        assert wanted.name in (None, ours.name)


@MANY
@given(models(), wishes, records(), st.integers(0, 5), st.booleans())
def test_a_kill_between_any_two_requests_changes_nothing_of_the_end(
    model: AccountModel, wanted: Wanted, addresses: Addresses, at: int, after: bool
) -> None:
    """L7"""
    calm = copied(model)
    settle(calm, wanted, addresses)
    kill(at, after=after)(model)
    settle(model, wanted, addresses)
    assert model.accounts == calm.accounts


@MANY
@given(models(), wishes, records())
def test_each_update_twice_ends_as_once(model: AccountModel, wanted: Wanted, addresses: Addresses) -> None:
    """L7"""
    calm = copied(model)
    settle(calm, wanted, addresses)
    model.doubled = True
    settle(model, wanted, addresses)
    assert model.accounts == calm.accounts


hands = st.one_of(
    st.tuples(st.just("alias"), st.sampled_from([A, B, C, D, "hand@example.org"])),
    st.tuples(st.just("rename"), st.sampled_from([A, B, C, D, "hand@example.org"])),
    st.tuples(st.just("lock"), st.just("")),
    st.tuples(st.just("unlock"), st.just("")),
    st.tuples(st.just("theirs"), st.sampled_from([A, B, C, D])),
)


def meddle(model: AccountModel, what: str, address: str) -> bool:
    """Somebody else's change of our account, or of another one. Whether it was made."""
    ours = model.accounts[OURS]
    match what:
        case "alias":
            return address not in ours.addresses and model.hand(OURS, aliases=(*ours.aliases, Alias(address)))
        case "rename":
            return address not in ours.addresses and model.hand(OURS, email=address)
        case "lock":
            return model.hand(OURS, login=LOCKED)
        case "unlock":
            return ours.login.kind is Permissions.MERGE and model.hand(OURS, login=Login())
        case _:
            return model.hand(THEIRS, email=address)


@MANY
@given(models(), wishes, records(), st.sampled_from(["before", "between"]), st.integers(0, 3), hands, st.booleans())
def test_a_hand_at_any_moment_loses_no_address_and_opens_nothing(
    model: AccountModel,
    wanted: Wanted,
    addresses: Addresses,
    when: str,
    at: int,
    hand: tuple[str, str],
    doubled: bool,
) -> None:
    """L1, L6, L8, L9. `between`: after our request was sent, so that the first read of it is the first to see it."""
    model.doubled = doubled
    start = model.accounts[OURS]
    met: list[Observed] = []

    def interfere(number: int) -> None:
        if number == at and meddle(model, *hand):
            met.append(model.accounts[OURS])

    setattr(model, when, interfere)
    settle(model, wanted, addresses)
    settle(model, wanted, addresses)  # a hand in the last request is seen by the inspection
    start = met[-1] if met else start
    check(model, wanted, addresses, start, locked=bool(met) and hand[0] == "lock")


@MANY
@given(models(), st.lists(wishes, min_size=2, max_size=4), records(), st.data())
def test_goals_that_follow_each_other_leave_nothing_behind(
    model: AccountModel, goals: list[Wanted], addresses: Addresses, data: st.DataObject
) -> None:
    """Each may be cut off by the next one, or by a kill."""
    start = model.accounts[OURS]
    for wanted in goals[:-1]:
        if data.draw(st.booleans()):
            kill(model.requests + data.draw(st.integers(0, 2)), after=data.draw(st.booleans()))(model)
        attempt(model, wanted, addresses)
    settle(model, goals[-1], addresses)
    check(model, goals[-1], addresses, start)


def check(model: AccountModel, wanted: Wanted, addresses: Addresses, start: Observed, *, locked: bool = False) -> None:
    """`start`: as it was before our first step, or after the last change by hand. `locked`: a hand locked it. While
    there is a note of ours, nobody can tell whose the lock is."""
    ours = model.accounts[OURS]
    # L1: no mail of another's reaches it, but to a main address that nobody can take away; and we gave it none.
    assert not {each for each in receives(ours) - {ours.email} if addresses.lets_go(each)}
    if addresses.lets_go(ours.email):
        assert ours.email == start.email
        assert alarms(wanted, ours, addresses)
    assert not {each for each in model.gave if addresses.lets_go(each)}
    # Whatever address it had it keeps, but what an operator released, and what is another's.
    assert not {each for each in start.addresses - ours.addresses if not addresses.lets_go(each)}
    by_hand = start.because == {Because.HAND}
    if ours.login.kind is Permissions.REPLACE:
        assert ours.login == start.login
    elif wanted.because:
        assert ours.login.off  # L8
        if not by_hand:
            assert locked or ours.note == wanted.because
    elif by_hand:
        assert ours.because == {Because.HAND}  # L9
    elif not locked:
        assert not ours.login.off
        assert not ours.note
    if start.login != Login() and start.login.kind is Permissions.MERGE and not start.login.sole:
        assert ours.login.kind is Permissions.MERGE  # what else a hand wrote there stays


# L9, and what a property alone would say less clearly


@pytest.mark.parametrize("end", [frozenset[Because](), frozenset([Because.INACTIVE])])
def test_an_operators_suspension_ends_by_an_operator_only(end: frozenset[Because]) -> None:
    model = AccountModel(Observed(OURS, A), Observed(THEIRS, B))
    addresses, operator = Addresses({A: Role.HELD}, {}), frozenset([Because.OPERATOR])
    for because in (operator, operator | {Because.INACTIVE}, operator, operator | {Because.ABSENT}, operator):
        settle(model, Wanted(A, because=because), addresses)
        assert model.accounts[OURS].because == because
    settle(model, Wanted(A, because=end), addresses)
    assert model.accounts[OURS].because == end


def test_a_conflict_and_a_suspension_at_once_suspend_first() -> None:
    model = AccountModel(Observed(OURS, A), Observed(THEIRS, B))
    addresses = Addresses({A: Role.HELD, B: Role.WANTED}, {})
    wanted = Wanted(B, "Ann", frozenset([Because.INACTIVE]))
    first = attempt(model, wanted, addresses)
    assert first
    assert first.error is None
    assert first.next
    assert model.accounts[OURS].login.off
    second = attempt(model, wanted, addresses)
    assert second
    assert second.error
    assert model.accounts[OURS].name == "Ann"


def test_an_attempt_without_an_account_asks_for_nothing() -> None:
    model = AccountModel(Observed(OURS, A), Observed(THEIRS, B))
    model.identity_id = uuid4()
    found = run(bring_nearer(model, uuid4(), Wanted(B), known(Addresses({}, {})), lambda: 1.0))
    assert (found, model.requests) == (Nearer(), 1)


def test_a_refusal_of_a_step_that_a_hand_overtook_ends_nothing() -> None:
    """Ours had the alias, and somebody gave it to another account at that moment: the address itself is not refused."""
    model = AccountModel(Observed(OURS, A, aliases=(Alias(C),)), Observed(THEIRS, D))

    def pass_on(number: int) -> None:
        if number == 1:
            assert model.hand(OURS, aliases=())
            assert model.hand(THEIRS, email=C)

    model.between = pass_on
    addresses = Addresses({A: Role.HELD, B: Role.WANTED, C: Role.OLD}, {})
    nearer = attempt(model, Wanted(B), addresses)
    assert nearer
    assert isinstance(nearer.error, Transient)
    settle(model, Wanted(B), addresses)
    assert model.accounts[OURS].email == B


@pytest.mark.parametrize(
    ("fails", "because", "requests"),
    [
        (Transient("serverUnavailable"), frozenset[Because](), 2),
        (Throttled("rateLimit"), frozenset[Because](), 2),
        (Misconfigured("forbidden", domain="example.org"), frozenset([Because.INACTIVE]), 2),
        (Misconfigured("forbidden", domain="example.org"), frozenset[Because](), 3),
    ],
)
def test_only_the_rest_of_what_gives_is_asked_for_after_a_refusal(
    fails: MailServerError, because: frozenset[Because], requests: int
) -> None:
    """Not of a server that is away, nor what takes away, which is one step already."""
    model = AccountModel(Observed(OURS, A, "Ann"), Observed(THEIRS, D))
    model.fails = fails
    nearer = attempt(model, Wanted(B, "Ann N.", because), Addresses({A: Role.HELD, B: Role.WANTED}, {}))
    assert nearer
    assert (nearer.error, model.requests) == (fails, requests)
    assert isinstance(nearer.next, Step)


def test_what_was_read_is_reported_whatever_the_outcome() -> None:
    model = AccountModel(Observed(OURS, A, "Ann"), Observed(THEIRS, B))
    addresses = Addresses({A: Role.HELD, B: Role.WANTED}, {})
    before = model.accounts[OURS]
    nearer = attempt(model, Wanted(B, "Ann N."), addresses)
    after = model.accounts[OURS]
    assert nearer
    assert nearer.reads == (before, before, before, before, after)
    assert nearer.audit == (Audited("describe", "Ann", "Ann N."),)
    assert nearer.next == Step(B, aliases=(Alias(A),))
