"""The interface as it was built for the service, for tests in a browser."""

from go_program import Missing, skip_without
from postroom.web.interface import FOLDER


def require_interface() -> None:
    """Skip the test, and say why, when the interface is not built."""
    if not (FOLDER / "index.html").exists():
        skip_without("Interface", Missing(f"{FOLDER} is empty: run make web"))
