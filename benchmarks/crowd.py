"""Thousands of clients of the web hook, as callers of Kratos are: each waits so long, tries so often, and goes on to
the next person, whatever Retry-After says.

    BENCH_HOOK_KEY=… python -m benchmarks.crowd URL CLIENTS PERIOD BEGIN END

A client that had its mailbox registers the next person PERIOD seconds after the one before; one whose person it gave
up goes on at once. BEGIN and END are seconds of Unix time. Prints JSON: for each second since BEGIN, what came of the
tries that ended in it (`good`: 200 within the patience; another status; `late`; `broken`), `unserved`: how many clients
then waited for an answer or for their next try, and `behind, ms`: how late the clients themselves were.

It speaks to the kernel by itself: with asyncio ten thousand clients took as much of the two cores as the service.
"""

import heapq
import json
import os
import select
import socket
import sys
import time
from collections import Counter, deque
from collections.abc import Callable
from functools import partial
from itertools import count
from urllib.parse import urlsplit

from benchmarks.http_load import hook_body

PATIENCE = 5.0
"""Seconds that a try may take."""
PAUSES = (1.0, 2.0)
"""Seconds between the three tries of a person, as Kratos makes them."""
TURN = 64
"""Timers taken before answers are looked for: clients that are late try later, but read what came in time."""


class Client:
    """One person at a time, one try at a time; a connection is kept as long as its answers come in time."""

    def __init__(self) -> None:
        self.socket: socket.socket | None = None
        self.request = b""
        self.answer = b""
        self.tries = 0
        self.person_began = 0.0
        self.try_number = 0
        """0 while none is under way"""


class Crowd:
    def __init__(self, url: str, period: float, begin: float, end: float) -> None:
        parts = urlsplit(url)
        self._address = (str(parts.hostname), parts.port)
        self._head = (
            f"POST /internal/mail/provision HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            f"X-Postroom-Key: {os.environ['BENCH_HOOK_KEY']}\r\nContent-Type: application/json\r\nContent-Length: "
        ).encode()
        self._period, self._begin, self._end = period, begin, end
        self._numbers = count(1)
        self._epoll = select.epoll()
        self._clients: dict[int, Client] = {}
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._patience = deque[tuple[float, Client, int]]()
        self._unserved = 0
        self.seconds = [Counter[str]() for _ in range(int(end - begin) + 1)]

    def run(self, clients: int) -> None:
        for number in range(clients):
            self._at(self._begin + self._period * number / clients, partial(self._next_person, Client()))
        for number in range(len(self.seconds)):
            self._at(self._begin + number + 1, partial(self._note, number))
        self._at(self._end + 1, lambda: None)
        while time.time() < self._end:
            now = time.time()
            for _ in range(TURN):
                if self._timers[0][0] > now:
                    break
                heapq.heappop(self._timers)[2]()
            self._give_up(now)
            next_at = min(self._timers[0][0], self._patience[0][0] if self._patience else self._end)
            for file, _ in self._epoll.poll(max(0.0, next_at - time.time())):
                if client := self._clients.get(file):
                    self._ready(client)

    def _give_up(self, now: float) -> None:
        """What has waited for its answer too long."""
        while self._patience and self._patience[0][0] <= now:
            _, client, number = self._patience.popleft()
            if client.try_number == number:
                self._ended(client, "late")

    def _at(self, when: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._timers, (when, next(self._numbers), act))

    def _note(self, number: int) -> None:
        self.seconds[number]["unserved"] = self._unserved
        self.seconds[number]["behind, ms"] = int(1000 * (time.time() - self._begin - number - 1))

    def _next_person(self, client: Client) -> None:
        body = hook_body(f"crowd{next(self._numbers)}")
        client.request = b"%s%d\r\n\r\n%s" % (self._head, len(body), body)
        client.tries, client.person_began = 0, time.time()
        self._unserved += 1
        self._try(client)

    def _try(self, client: Client) -> None:
        client.tries += 1
        client.answer = b""
        this = client.try_number = next(self._numbers)
        self._patience.append((time.time() + PATIENCE, client, this))
        if client.socket:
            self._send(client, client.socket)
            return
        client.socket = socket.socket()
        client.socket.setblocking(False)
        client.socket.connect_ex(self._address)
        self._clients[client.socket.fileno()] = client
        self._epoll.register(client.socket, select.EPOLLOUT)

    def _send(self, client: Client, to: socket.socket) -> None:
        try:
            to.send(client.request)
        except OSError:
            self._ended(client, "broken")
        else:
            self._epoll.modify(to, select.EPOLLIN)

    def _ready(self, client: Client) -> None:
        """What it waits for came: its connection is there, or some of its answer, or its end."""
        connection = client.socket
        if connection is None:
            return
        try:
            data = connection.recv(65536)
        except BlockingIOError:
            self._send(client, connection)
            return
        except OSError:
            data = b""
        if not data:
            self._close(client)
            if client.try_number:
                self._ended(client, "broken")
            return
        client.answer += data
        head, found, content = client.answer.lower().partition(b"\r\n\r\n")
        length = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
        if found and client.try_number and len(content) >= int(length):
            if b"connection: close" in head:
                self._close(client)
            status = head[9:12].decode()
            self._ended(client, "good" if status == "200" else status)

    def _close(self, client: Client) -> None:
        if client.socket:
            del self._clients[client.socket.fileno()]
            client.socket.close()  # leaves epoll with it
            client.socket = None

    def _ended(self, client: Client, how: str) -> None:
        client.try_number = 0
        now = time.time()
        if now < self._end:
            self.seconds[int(now - self._begin)][how] += 1
        if how in ("late", "broken"):
            self._close(client)  # an answer that still comes is not to be taken for the next one's
        if how != "good" and client.tries <= len(PAUSES):
            self._at(now + PAUSES[client.tries - 1], partial(self._try, client))
            return
        self._unserved -= 1
        next_at = client.person_began + self._period if how == "good" else now
        self._at(next_at, partial(self._next_person, client))


def main(url: str, clients: int, period: float, begin: float, end: float) -> None:
    crowd = Crowd(url, period, begin, end)
    crowd.run(clients)
    print(json.dumps(crowd.seconds))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), *(float(each) for each in sys.argv[3:]))
