"""Who looks at Stalwart's settings and changes them: an administrator, for once, or our own key."""

from collections.abc import Set

from postroom.errors import MailServerError, Misconfigured
from postroom.examination.mail_server import DEADLINE
from postroom.runtime import Parts
from postroom.stalwart.client import StalwartClient
from postroom.stalwart.permissions import permissions
from postroom.stalwart.registry import StalwartRegistry


class Eyes:
    """Those of `administrator`, else of our key."""

    def __init__(self, parts: Parts, administrator: StalwartClient | None) -> None:
        self._administrator = administrator
        self.client = administrator or parts.stalwart
        self.registry = parts.mail_server
        if administrator:
            self.registry = StalwartRegistry(administrator, mark_domain=parts.settings.mark_domain)

    async def lacking(self, needed: Set[str]) -> list[str]:
        """The permissions that our key lacks; whoever is an administrator is told by the server itself. Raises
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
