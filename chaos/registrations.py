"""Registers identities at the stand-in for Kratos."""

from datetime import UTC, datetime
from pathlib import Path

from postroom_sandbox.kratos.identity import changed, new_identity
from postroom_sandbox.kratos.store import Store
from postroom_sandbox.loopback import LOOPBACK


class Registrations:
    """Writes to the stand-in's state in `folder` directly: Kratos would draw the ids of identities, but a plan has its
    own. Several identities may share an address, because they log in by their id."""

    def __init__(self, folder: Path) -> None:
        self._state = Store(folder)

    def register(self, identity_id: str, email: str) -> None:
        """Add an identity, or change the address of a known one."""
        now, traits = datetime.now(UTC), {"email": email}
        known = self._state.identity(identity_id)
        if known:
            self._state.change_identity(changed(known, known | {"traits": traits}, now), identity_id)
        else:
            identity = new_identity(traits, public_url=f"http://{LOOPBACK}", now=now)
            self._state.add_identity(identity | {"id": identity_id}, identity_id, None)

    def close(self) -> None:
        self._state.close()
