"""Sends JMAP requests to Stalwart's registry, and validates the method responses.

It never repeats a request: after a create with an unknown outcome the mark must be looked up first, and only the port's
caller knows that. So it uses `JmapConnection`, which sends once, and not `jmap.client`.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import BaseModel

from postroom.errors import MailServerError
from postroom.jmap.errors import JmapError, Unauthorized
from postroom.jmap.http_connection import JmapConnection
from postroom.jmap.request import Call, body_of
from postroom.jmap.response import MethodResponses
from postroom.stalwart.error_mapping import Busy, WrongGeneration, error_of
from postroom.stalwart.response_models import read

REGISTRY = "urn:stalwart:jmap"

Response = dict[str, Any]

T = TypeVar("T", bound=BaseModel)


class RegistryResponses:
    """Method responses, validated one by one: the effect of an earlier call remains when a later one fails."""

    def __init__(self, responses: MethodResponses) -> None:
        self._responses = responses

    def read(self, index: int, shape: type[T]) -> T:
        """The arguments of the response to the call at `index`. Raises the mapped error for an `error` response."""
        try:
            arguments = self._responses.of(index)
        except JmapError as error:
            raise error_of(error) from error
        return read(shape, arguments)


class StalwartClient:
    """`url` is the server's base URL; credentials are sent there only, and redirects are not followed.

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
        """Whether the server has rejected these credentials"""

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
            raise self._error_of(error) from error

    async def call(self, calls: Sequence[Call], *, deadline: float) -> RegistryResponses:
        """The method responses, in order. Raises the mapped error for an HTTP error."""
        body = body_of(calls, REGISTRY)
        headers = {**self._headers, "Content-Type": "application/json"}
        try:
            response = await self._connection.exchange("POST", f"{self.url}/jmap/", headers, body, within=deadline)
            return RegistryResponses(MethodResponses.read(response.success()))
        except JmapError as error:
            raise self._error_of(error) from error

    def _error_of(self, error: JmapError) -> MailServerError | Busy | WrongGeneration:
        self.refused = self.refused or isinstance(error, Unauthorized)
        return error_of(error)
