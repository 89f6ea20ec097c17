"""All mistakes that the tests must notice."""

from mutants.addresses import ADDRESSES
from mutants.changes import CHANGES
from mutants.mail import APART, NEW_MAIL, THE_OUTBOX
from mutants.missing import MISSING
from mutants.moves import CORE
from mutants.mutant import Mutant
from mutants.stored import REDIS, STATEMENTS

MUTANTS: list[Mutant] = [
    *REDIS,
    *STATEMENTS,
    *CORE,
    *NEW_MAIL,
    *THE_OUTBOX,
    *APART,
    *MISSING,
    *ADDRESSES,
    *CHANGES,
]
