"""Whether a connection that was kept may be used again."""

import select


def is_silent(fileno: int) -> bool:
    """Whether the other side has said nothing on this socket since its last answer.

    Whatever ends a connection at the other side, a shutdown or a kill, makes the socket readable, and so does what
    nobody asked for; the event loop may not have been told yet. So a silent one needs no question, which would cost
    every use a second round trip.
    """
    listening = select.poll()
    listening.register(fileno, select.POLLIN)
    return not listening.poll(0)
