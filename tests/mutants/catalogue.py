"""All mistakes that the tests must notice."""

from mutants import mail, moves, stored
from mutants.mutant import Mutant

MUTANTS: list[Mutant] = [
    *stored.REDIS,
    *stored.STATEMENTS,
    *moves.CORE,
    *mail.TELLING,
    *mail.THE_OUTBOX,
    *mail.APART,
]
