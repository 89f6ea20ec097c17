"""The limit of guesses in a process, at a moment that does not pass by itself."""

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count

from postroom.api.guessing import Guessing
from postroom.people.guess_limiter import GuessLimiter
from postroom.people.process_guesses import ProcessGuesses

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def guessing(session_cookie: str, now: Callable[[], datetime] = lambda: NOW) -> Guessing:
    numbers = count()
    limiter = GuessLimiter(ProcessGuesses(), now=now, new_id=lambda: str(next(numbers)))
    return Guessing(limiter, session_cookie=session_cookie)
