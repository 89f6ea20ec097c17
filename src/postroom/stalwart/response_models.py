"""Models of the parts of Stalwart's responses that Postroom reads.

An invalid response ends an attempt with an unknown outcome, never with an unhandled error, which would look like a
crash. Unknown fields are ignored, and a field may be null where RFC 8620 §5.3 allows it.
"""

from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from postroom.errors import Transient
from postroom.jmap.errors import printable, sanitize

T = TypeVar("T", bound=BaseModel)


Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,255}$")]
"""RFC 8620 §1.2. Another one, such as one with a NUL, could not be stored, and the attempt would repeat for ever."""

Named = Annotated[str, AfterValidator(printable)]
"""A text that our errors repeat."""


class ResponseModel(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class ObjectId(ResponseModel):
    object: Named
    id: Named


class SetError(ResponseModel):
    """RFC 8620 §5.3, with Stalwart's `objectId` and `validationErrors`."""

    type: str = "unknown"
    description: str = ""
    properties: list[str] = []
    object_id: ObjectId | None = Field(None, alias="objectId")
    validation_errors: list[Any] = Field([], alias="validationErrors")


class Created(ResponseModel):
    id: Id


class Changes(ResponseModel):
    """What a `/set` did."""

    created: dict[str, Created] | None = None
    not_created: dict[str, SetError] | None = Field(None, alias="notCreated")
    updated: dict[str, Any] | None = None
    not_updated: dict[str, SetError] | None = Field(None, alias="notUpdated")
    destroyed: list[str] | None = None
    not_destroyed: dict[str, SetError] | None = Field(None, alias="notDestroyed")


class Alias(ResponseModel):
    name: str
    domain_id: str = Field(alias="domainId")


class Account(ResponseModel):
    id: Id
    email_address: Named = Field(alias="emailAddress")
    aliases: dict[str, Alias] = {}
    description: str | None = None


class AccountList(ResponseModel):
    accounts: list[Account] = Field(alias="list")
    not_found: list[str] = Field([], alias="notFound")


class Domain(ResponseModel):
    id: Id
    name: str


class DomainList(ResponseModel):
    domains: list[Domain] = Field(alias="list")


class Echo(ResponseModel):
    """RFC 8620 §4: the arguments of the call."""


class QueryIds(ResponseModel):
    ids: list[str]
    total: int = 0


class SessionAccount(ResponseModel):
    account_capabilities: dict[str, Any] = Field({}, alias="accountCapabilities")


class Session(ResponseModel):
    """RFC 8620 §2."""

    accounts: dict[str, SessionAccount]
    primary_accounts: dict[str, str] = Field({}, alias="primaryAccounts")


def read(shape: type[T], content: object) -> T:
    """Validate `content` as `shape`. Raises `Transient` with an unknown outcome if it is invalid."""
    try:
        return shape.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = sanitize(".".join(str(part) for part in first["loc"])[:100])  # keys of the server may be among them
        raise Transient(
            f"mail server's response cannot be read ({shape.__name__} {where}: {first['type']})", outcome_unknown=True
        ) from error
