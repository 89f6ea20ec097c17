"""What comes of a form that was sent."""

from dataclasses import dataclass

from postroom_sandbox.kratos.error import Json, KratosError
from postroom_sandbox.kratos.form_messages import Problem


@dataclass(frozen=True, slots=True)
class ShowFlow:
    """A flow as it is now. `token`: the session whose cookie is set anew."""

    flow: Json
    status: int = 200
    token: str | None = None


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """Somebody is logged in by this session. `then`: what the interface may go on with."""

    token: str
    session: Json
    identity: Json | None = None
    then: tuple[Json, ...] = ()


@dataclass(frozen=True, slots=True)
class RedirectBrowser:
    """The browser has to go elsewhere, with the cookie of a session."""

    url: str
    token: str


FormResult = ShowFlow | LoggedIn | RedirectBrowser


class RefusedForm(Exception):
    """The person is to correct the form. `clear_input`: what was typed is not shown again."""

    def __init__(self, *problems: Problem, clear_input: bool = False) -> None:
        super().__init__([problem.message["text"] for problem in problems])
        self.problems = problems
        self.clear_input = clear_input


def location_change_required(url: str) -> KratosError:
    """A redirect as a script is told of it."""
    reason = f"In order to complete this flow please redirect the browser to: {url}"
    return KratosError(
        422,
        reason,
        message="browser location change required",
        name="browser_location_change_required",
        extra={"redirect_browser_to": url},
        redirect_to=url,
    )
