"""What comes of a form that was sent."""

from dataclasses import dataclass

from postroom_sandbox.kratos.error import Json, KratosError
from postroom_sandbox.kratos.message import Problem


@dataclass(frozen=True, slots=True)
class Shown:
    """A flow as it is now. `token`: the session whose cookie is set anew."""

    flow: Json
    status: int = 200
    token: str | None = None


@dataclass(frozen=True, slots=True)
class Entered:
    """Somebody is logged in by this session. `then`: what the interface may go on with."""

    token: str
    session: Json
    identity: Json | None = None
    then: tuple[Json, ...] = ()


@dataclass(frozen=True, slots=True)
class MovedOn:
    """The browser has to go elsewhere, with the cookie of a session."""

    url: str
    token: str


Outcome = Shown | Entered | MovedOn


class RefusedForm(Exception):
    """The person is to correct the form. `forget`: what was typed is not shown again."""

    def __init__(self, *problems: Problem, forget: bool = False) -> None:
        super().__init__([problem.message["text"] for problem in problems])
        self.problems = problems
        self.forget = forget


def location_change_required(url: str) -> KratosError:
    """A redirect as a script is told of it."""
    reason = f"In order to complete this flow please redirect the browser to: {url}"
    return KratosError(
        422,
        reason,
        message="browser location change required",
        name="browser_location_change_required",
        beside={"redirect_browser_to": url},
        go_to=url,
    )
