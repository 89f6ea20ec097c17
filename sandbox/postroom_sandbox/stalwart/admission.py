"""Authenticates requests and limits the concurrent requests of an account."""

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager

from starlette.requests import Request

from postroom_sandbox.stalwart.authentication import Authentication
from postroom_sandbox.stalwart.errors import crowded_problem
from postroom_sandbox.stalwart.object_type import Access
from postroom_sandbox.stalwart.session_object import CORE


class Admission:
    """Uploads have separate slots. Both methods raise ProblemError for requests that they do not admit."""

    def __init__(self, authentication: Authentication) -> None:
        self._authentication = authentication
        self._requests: Counter[int] = Counter()
        self._uploads: Counter[int] = Counter()

    @contextmanager
    def admitted(self, request: Request) -> Generator[Access]:
        """The caller, who holds one of the slots of its account within the block."""
        with self._slot(request, self._requests, "maxConcurrentRequests") as access:
            yield access

    @contextmanager
    def uploading(self, request: Request) -> Generator[Access]:
        with self._slot(request, self._uploads, "maxConcurrentUpload") as access:
            yield access

    @contextmanager
    def _slot(self, request: Request, under_way: Counter[int], limit: str) -> Generator[Access]:
        access = self._authentication.access(request)
        if under_way[access.account] >= CORE[limit] and not access.may("unlimitedRequests"):
            raise crowded_problem(limit)
        under_way[access.account] += 1
        try:
            yield access
        finally:
            under_way[access.account] -= 1
