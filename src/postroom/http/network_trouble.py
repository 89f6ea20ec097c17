"""Why a server could not be reached, as a message for an operator: our HTTP and Redis clients raise errors of their own
whose `__cause__` holds the reason."""

import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

BROKEN_OFF = "the connection broke off"


class Kind(Enum):
    UNKNOWN_HOST = auto()
    REFUSED = auto()
    TIME_OUT = auto()
    CERTIFICATE = auto()
    TLS = auto()
    NO_WAY = auto()
    """an error of the network, or of a socket's file"""
    BROKEN_OFF = auto()


@dataclass(frozen=True, slots=True)
class Trouble:
    kind: Kind
    words: str

    def __str__(self) -> str:
        return self.words


def trouble_of(error: BaseException) -> Trouble | None:
    """The reason by the innermost cause that names one; None if none does."""
    # The client's own errors may have the same classes, but lack the reason.
    return next(filter(None, map(_of, reversed([*causes(error)]))), None)


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and its chain of causes."""
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _of(error: BaseException) -> Trouble | None:
    match error:
        case ssl.SSLCertVerificationError():
            return Trouble(Kind.CERTIFICATE, f"its certificate is refused: {error.verify_message}")
        case ssl.SSLError():
            reason = str(getattr(error, "reason", None) or "it broke off")  # OpenSSL may name no reason
            return Trouble(Kind.TLS, f"no TLS connection: {reason.replace('_', ' ').lower()}")
        case socket.gaierror(errno=socket.EAI_NONAME):
            return Trouble(Kind.UNKNOWN_HOST, "unknown host name")
        case socket.gaierror():
            return Trouble(Kind.UNKNOWN_HOST, f"its host name cannot be looked up: {error.strerror}")
        case ConnectionRefusedError():
            return Trouble(Kind.REFUSED, "connection refused")
        case TimeoutError():
            return Trouble(Kind.TIME_OUT, "time-out")
        case ConnectionError():
            return Trouble(Kind.BROKEN_OFF, BROKEN_OFF)
        case OSError(strerror=str(words)):
            return Trouble(Kind.NO_WAY, words)
        case _:
            return None
