"""How much is measured: the short form fits 30 minutes, the full one is run by hand."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Form:
    """Times in seconds."""

    name: str
    delayed: int
    """jobs of a run of punctuality, due by chance over `spread`"""
    spread: float
    patience: float
    """after the last was due; what has not started by then is told as such"""
    punctuality_runs: int
    accept_seconds: float
    accept_runs: int
    drain: int
    drain_runs: int
    recovery_cap: float
    waiting: int
    """jobs of the footprint, told for 100,000"""
    idle_seconds: float
    load_seconds: float
    load_rate: float
    kills: int
    calm_within: float
    hooks: int
    imported: int
    audited: int
    """hooks of a run of the audit's cost"""
    audit_runs: int
    profile_seconds: float


SHORT = Form(
    name="short",
    delayed=40,
    spread=5,
    patience=6,
    punctuality_runs=5,
    accept_seconds=1.5,
    accept_runs=5,
    drain=1_500,
    drain_runs=5,
    recovery_cap=120,
    waiting=5_000,
    idle_seconds=5,
    load_seconds=30,
    load_rate=8,
    kills=4,
    calm_within=60,
    hooks=1_000,
    imported=10_000,
    audited=500,
    audit_runs=5,
    profile_seconds=10,
)

FULL = Form(
    name="full",
    delayed=1_000,
    spread=60,
    patience=70,
    punctuality_runs=5,
    accept_seconds=20,
    accept_runs=5,
    drain=20_000,
    drain_runs=5,
    recovery_cap=900,
    waiting=100_000,
    idle_seconds=60,
    load_seconds=300,
    load_rate=30,
    kills=20,
    calm_within=300,
    hooks=5_000,
    imported=10_000,
    audited=20_000,
    audit_runs=5,
    profile_seconds=60,
)

TINY = Form(
    name="tiny",
    delayed=10,
    spread=2,
    patience=1,
    punctuality_runs=1,
    accept_seconds=0.5,
    accept_runs=1,
    drain=100,
    drain_runs=1,
    recovery_cap=4,
    waiting=200,
    idle_seconds=1,
    load_seconds=8,
    load_rate=4,
    kills=1,
    calm_within=10,
    hooks=40,
    imported=100,
    audited=40,
    audit_runs=1,
    profile_seconds=3,
)
"""To see that it runs; its figures mean nothing."""

FORMS = {form.name: form for form in (SHORT, FULL, TINY)}
