"""Whether an idle connection can be reused."""

import select


def is_silent(fileno: int) -> bool:
    """Whether the peer has sent nothing on this socket since its last response.

    When the peer closes the connection or dies, the socket becomes readable, and also when the peer sends unrequested
    data; the event loop may not know yet. So a silent connection needs no test query, which would cost each use a
    second round trip.
    """
    poller = select.poll()
    poller.register(fileno, select.POLLIN)
    return not poller.poll(0)
