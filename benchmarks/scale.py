"""How much is measured. The short scale takes 30 minutes, the full one some hours."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """Counts of jobs and runs; times are in seconds."""

    name: str
    delayed: int
    """Jobs of a punctuality run, due at random moments over `spread`"""
    spread: float
    start_within: float
    """After the last job was due; jobs that start later count as not started"""
    punctuality_runs: int
    accept_seconds: float
    accept_runs: int
    drain: int
    drain_runs: int
    recovery_cap: float
    waiting: int
    """Jobs with which the footprint is measured; it is reported for 100,000"""
    idle_seconds: float
    load_seconds: float
    load_rate: float
    kills: int
    done_within: float
    hooks: int
    imported: int
    audited: int
    """Hooks of a run that measures what the audit log costs"""
    audit_runs: int
    profile_seconds: float


SHORT = Scale(
    name="short",
    delayed=40,
    spread=5,
    start_within=6,
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
    done_within=60,
    hooks=1_000,
    imported=10_000,
    audited=500,
    audit_runs=5,
    profile_seconds=10,
)

FULL = Scale(
    name="full",
    delayed=1_000,
    spread=60,
    start_within=70,
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
    done_within=300,
    hooks=5_000,
    imported=10_000,
    audited=20_000,
    audit_runs=5,
    profile_seconds=60,
)

TINY = Scale(
    name="tiny",
    delayed=10,
    spread=2,
    start_within=1,
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
    done_within=10,
    hooks=40,
    imported=100,
    audited=40,
    audit_runs=1,
    profile_seconds=3,
)
"""Shows only that everything runs; its figures mean nothing."""

SCALES = {scale.name: scale for scale in (SHORT, FULL, TINY)}
