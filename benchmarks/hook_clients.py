"""Thousands of clients of the webhook that behave like Kratos: they ignore Retry-After, and try three times.

    BENCH_HOOK_KEY=… python -m benchmarks.hook_clients URL CLIENTS PERIOD BEGIN END

Each client registers one identity after another. After a success, the next one follows PERIOD seconds after the start
of the last; after three failed attempts it follows at once. BEGIN and END are Unix times. Prints JSON, for each second
from BEGIN: how the attempts that ended in it ended (`good`: 200 within five seconds; another status; `late`; `broken`);
`unserved`, how many clients were waiting at its end for a response or for their next attempt; and `behind, ms`, how
late the clients themselves were.

Uses epoll directly: with asyncio, ten thousand clients used as much of the two cores as the service.
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

RESPONSE_WITHIN = 5.0
"""Seconds that an attempt may take."""
PAUSES = (1.0, 2.0)
"""Seconds between the three attempts for an identity, as Kratos makes them."""
TIMERS_PER_POLL = 64
"""Timers run before responses are read. When the clients are late, they start attempts late, but read in time."""


class Client:
    """One identity and one attempt at a time. Its connection is kept as long as responses arrive in time."""

    def __init__(self) -> None:
        self.socket: socket.socket | None = None
        self.request = b""
        self.response = b""
        self.attempts = 0
        self.identity_began = 0.0
        self.attempt = 0
        """The number of the attempt in progress, 0 if there is none"""


class HookClients:
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
        self._deadlines = deque[tuple[float, Client, int]]()
        self._unserved = 0
        self.seconds = [Counter[str]() for _ in range(int(end - begin) + 1)]

    def run(self, clients: int) -> None:
        for number in range(clients):
            self._at(self._begin + self._period * number / clients, partial(self._next_identity, Client()))
        for number in range(len(self.seconds)):
            self._at(self._begin + number + 1, partial(self._record, number))
        self._at(self._end + 1, lambda: None)
        while time.time() < self._end:
            now = time.time()
            for _ in range(TIMERS_PER_POLL):
                if self._timers[0][0] > now:
                    break
                heapq.heappop(self._timers)[2]()
            self._time_out(now)
            next_at = min(self._timers[0][0], self._deadlines[0][0] if self._deadlines else self._end)
            for file, _ in self._epoll.poll(max(0.0, next_at - time.time())):
                if client := self._clients.get(file):
                    self._ready(client)

    def _time_out(self, now: float) -> None:
        while self._deadlines and self._deadlines[0][0] <= now:
            _, client, number = self._deadlines.popleft()
            if client.attempt == number:
                self._ended(client, "late")

    def _at(self, when: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._timers, (when, next(self._numbers), act))

    def _record(self, number: int) -> None:
        self.seconds[number]["unserved"] = self._unserved
        self.seconds[number]["behind, ms"] = int(1000 * (time.time() - self._begin - number - 1))

    def _next_identity(self, client: Client) -> None:
        body = hook_body(f"client{next(self._numbers)}")
        client.request = b"%s%d\r\n\r\n%s" % (self._head, len(body), body)
        client.attempts, client.identity_began = 0, time.time()
        self._unserved += 1
        self._send_attempt(client)

    def _send_attempt(self, client: Client) -> None:
        client.attempts += 1
        client.response = b""
        this = client.attempt = next(self._numbers)
        self._deadlines.append((time.time() + RESPONSE_WITHIN, client, this))
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
        """The client is connected, part of its response has arrived, or its connection was closed."""
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
            if client.attempt:
                self._ended(client, "broken")
            return
        client.response += data
        head, found, content = client.response.lower().partition(b"\r\n\r\n")
        length = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
        if found and client.attempt and len(content) >= int(length):
            if b"connection: close" in head:
                self._close(client)
            status = head[9:12].decode()
            self._ended(client, "good" if status == "200" else status)

    def _close(self, client: Client) -> None:
        if client.socket:
            del self._clients[client.socket.fileno()]
            client.socket.close()  # which removes it from epoll
            client.socket = None

    def _ended(self, client: Client, how: str) -> None:
        client.attempt = 0
        now = time.time()
        if now < self._end:
            self.seconds[int(now - self._begin)][how] += 1
        if how in ("late", "broken"):
            self._close(client)  # a response that still arrives must not be taken for that of the next attempt
        if how != "good" and client.attempts <= len(PAUSES):
            self._at(now + PAUSES[client.attempts - 1], partial(self._send_attempt, client))
            return
        self._unserved -= 1
        next_at = client.identity_began + self._period if how == "good" else now
        self._at(next_at, partial(self._next_identity, client))


def main(url: str, clients: int, period: float, begin: float, end: float) -> None:
    running = HookClients(url, period, begin, end)
    running.run(clients)
    print(json.dumps(running.seconds))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), *(float(each) for each in sys.argv[3:]))
