"""Reads and changes Stalwart's settings: as an administrator if one is given, or by our own key."""

from collections.abc import Awaitable, Callable, Set

from postroom.checks.finding import Finding
from postroom.checks.mail_server import DEADLINE
from postroom.composition.parts import Parts
from postroom.errors import MailServerError, Misconfigured
from postroom.stalwart.permissions import permissions
from postroom.stalwart.registry import StalwartRegistry
from postroom.stalwart.registry_client import StalwartClient


class Inspector:
    """Uses `administrator`, or our key if that is None."""

    def __init__(self, parts: Parts, administrator: StalwartClient | None) -> None:
        self._administrator = administrator
        self.client = administrator or parts.stalwart
        self.registry = parts.mail_server
        if administrator:
            self.registry = StalwartRegistry(administrator, mark_domain=parts.settings.mark_domain)

    async def ask(self, part: str, needed: Set[str], ask: Callable[[], Awaitable[Finding]]) -> Finding:
        """The finding of `ask`, or one that says why `part` was not checked. `needed`: permissions for `ask`."""
        try:
            if lacking := await self.lacking(needed):
                fix = "add them to its role, or run postroom check --admin LOGIN"
                return Finding(part, "warning", f"not checked: our key lacks {', '.join(lacking)}", fix)
            return await ask()
        except MailServerError as error:
            return Finding(part, "error", f"not checked: {self.why(error)}", "fix the mail server first")

    async def lacking(self, needed: Set[str]) -> list[str]:
        """The permissions that our key lacks; none for an administrator, to whom the server reports them itself. Raises
        `MailServerError`s."""
        if self._administrator:
            if self._administrator.refused:  # each refusal counts towards a ban of this host
                raise Misconfigured("mail server refused it", unauthorized=True)
            return []
        held = await self.registry.within(DEADLINE, lambda left: permissions(self.client, deadline=left))
        return sorted(needed - held)

    def why(self, error: MailServerError) -> str:
        if self._administrator and isinstance(error, Misconfigured) and error.unauthorized:
            return "Stalwart refuses the login or the password of --admin"
        return str(error)
