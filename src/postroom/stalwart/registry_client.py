"""JMAP requests to Stalwart's registry: one HTTP request in, checked method responses out.

Nothing is sent twice from here: a create whose outcome is unknown must first be looked up by its mark, and only the
port's caller knows that. Hence a connection, which asks once, and not `jmap.client`.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import BaseModel

from postroom.errors import MailServerError
from postroom.jmap.errors import JmapError, Unauthorized
from postroom.jmap.http_connection import JmapConnection
from postroom.jmap.request import Call, body_of
from postroom.jmap.response import MethodResponses
from postroom.stalwart.error_mapping import Busy, WrongGeneration, meaning
from postroom.stalwart.response_models import read

REGISTRY = "urn:stalwart:jmap"

Response = dict[str, Any]

T = TypeVar("T", bound=BaseModel)


class RegistryResponses:
    """Method responses, checked one by one: what an earlier method did stays done when a later one fails."""

    def __init__(self, answer: MethodResponses) -> None:
        self._answer = answer

    def read(self, place: int, shape: type[T]) -> T:
        """The arguments of the response to the call at `place`. Raises what an `error` there means."""
        try:
            arguments = self._answer.of(place)
        except JmapError as error:
            raise meaning(error) from error
        return read(shape, arguments)


class StalwartClient:
    """`url` is the server's base; credentials go nowhere else, and no redirect is followed.

    `authorization` is the header's value (`Bearer API_…` or `Basic …`).
    """

    def __init__(
        self,
        url: str,
        authorization: str,
        *,
        connection: JmapConnection | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self._headers = {"Authorization": authorization}
        self._connection = connection or JmapConnection(url)
        self.refused = False
        """Whether the server did not know these credentials"""

    @property
    def requests(self) -> int:
        """HTTP requests sent so far"""
        return self._connection.requests

    async def aclose(self) -> None:
        await self._connection.aclose()

    async def get(self, path: str, *, deadline: float) -> Response:
        """The JSON object at `path`. Raises `MailServerError`s, `Busy` and `WrongGeneration`."""
        try:
            return (await self._connection.exchange("GET", self.url + path, self._headers, within=deadline)).success()
        except JmapError as error:
            raise self._meaning(error) from error

    async def call(self, calls: Sequence[Call], *, deadline: float) -> RegistryResponses:
        """The method responses, in order. Raises what the HTTP answer means."""
        body = body_of(calls, REGISTRY)
        headers = {**self._headers, "Content-Type": "application/json"}
        try:
            reply = await self._connection.exchange("POST", f"{self.url}/jmap/", headers, body, within=deadline)
            return RegistryResponses(MethodResponses.read(reply.success()))
        except JmapError as error:
            raise self._meaning(error) from error

    def _meaning(self, error: JmapError) -> MailServerError | Busy | WrongGeneration:
        self.refused = self.refused or isinstance(error, Unauthorized)
        return meaning(error)
