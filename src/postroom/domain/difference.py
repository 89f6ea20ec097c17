"""In what an identity, as it was read, differs from its mailbox on record."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from postroom.domain.account_change import Because
from postroom.domain.identity import AddressPolicy, Identity, as_sent, display_name, mailbox_for
from postroom.errors import Refused


class Kind(StrEnum):
    RENAME = "rename"
    """the identity has another address"""
    NAME = "name"
    """it has another display name"""
    INACTIVE = "inactive"
    """it may not log in"""
    ADDRESS = "address"
    """its address is missing, reserved or of no served domain"""
    OLDER = "older"
    """it was changed before a version of it that was read already: Kratos' database went back in time"""
    ABSENT = "absent"
    """Kratos does not list it any more"""


Differences = Mapping[Kind, str | None]
"""Each with what the identity says: the address, the name, why its address cannot be assigned, its older version."""


@dataclass(frozen=True, slots=True)
class OnRecord:
    """What is wanted of the mailbox on record, or of the one that an attempt may have made. `newest` is the newest
    version of the identity that was read since the two differ; None if they do not. `because`: why nobody may log in to
    it."""

    email: str
    display_name: str | None
    newest: datetime | None = None
    because: Because | None = None


def differences(identity: Identity, record: OnRecord, policy: AddressPolicy) -> Differences:
    found: dict[Kind, str | None] = {}
    try:
        email = mailbox_for(identity.id, identity.traits, policy).email
    except Refused as error:
        found[Kind.ADDRESS] = as_sent(str(error))
    else:
        if email != record.email:
            found[Kind.RENAME] = email
    if (name := display_name(identity.traits)) != record.display_name:
        found[Kind.NAME] = name
    if not identity.active and record.because is not Because.INACTIVE:
        found[Kind.INACTIVE] = None
    version = identity.updated_at
    # Without any other difference there is nothing to follow, so the older version does no harm.
    if found and version and record.newest and version < record.newest:
        found[Kind.OLDER] = version.isoformat()
    return found
