"""All mistakes that the tests must notice."""

from mutants import mail, missing, moves, stored
from mutants.mutant import Mutant

MUTANTS: list[Mutant] = [
    *stored.REDIS,
    *stored.STATEMENTS,
    *moves.CORE,
    *mail.TELLING,
    *mail.THE_OUTBOX,
    *mail.APART,
    *missing.MISSING,
]
