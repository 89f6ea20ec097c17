"""The possible results of a submitted form."""

from dataclasses import dataclass

from postroom_sandbox.kratos.error import Json, KratosError
from postroom_sandbox.kratos.form_messages import Problem


@dataclass(frozen=True, slots=True)
class ShowFlow:
    """Show the flow. `token` is the session whose cookie is set again."""

    flow: Json
    status: int = 200
    token: str | None = None


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """The caller is logged in with this session. `continue_with` lists what the user interface may do next."""

    token: str
    session: Json
    identity: Json | None = None
    continue_with: tuple[Json, ...] = ()


@dataclass(frozen=True, slots=True)
class RedirectBrowser:
    """Send the browser to another page, with the cookie of a session."""

    url: str
    token: str


FormResult = ShowFlow | LoggedIn | RedirectBrowser


class RefusedForm(Exception):
    """The person must correct the form. With `clear_input`, the submitted values are not shown again."""

    def __init__(self, *problems: Problem, clear_input: bool = False) -> None:
        super().__init__([problem.message["text"] for problem in problems])
        self.problems = problems
        self.clear_input = clear_input


def location_change_required(url: str) -> KratosError:
    """A redirect in the form that a script can read."""
    reason = f"In order to complete this flow please redirect the browser to: {url}"
    return KratosError(
        422,
        reason,
        message="browser location change required",
        name="browser_location_change_required",
        extra={"redirect_browser_to": url},
        redirect_to=url,
    )
