"""The quota of uploads: `x:Jmap`.

By default Stalwart accepts 1,000 files or 50 MB of an account within an hour, less than two large attachments, and then
refuses uploads for up to an hour (0.16.19).
"""

from pydantic import Field

from postroom.stalwart.registry import StalwartRegistry
from postroom.stalwart.registry_client import Call, StalwartClient
from postroom.stalwart.response_models import ResponseModel
from postroom.stalwart.settings_change import PERMISSIONS as TO_RELOAD
from postroom.stalwart.settings_change import SINGLETON, change

FILES = 10_000
BYTES = 1_000_000_000
"""What we require: twenty of the largest attachments that Stalwart accepts."""

READ_PERMISSIONS = frozenset({"sysJmapGet"})
"""The permissions that the key needs to read it. The server masks the secret in it."""

PERMISSIONS = READ_PERMISSIONS | TO_RELOAD | {"sysJmapUpdate"}
"""The permissions that it needs to raise the quota."""

_DEADLINE = 5.0


class UploadQuota(ResponseModel):
    """The quota of an account within `milliseconds`."""

    files: int = Field(alias="maxUploadCount")
    size: int = Field(alias="uploadQuota")
    milliseconds: int = Field(alias="uploadTtl")

    @property
    def is_enough(self) -> bool:
        return self.files >= FILES and self.size >= BYTES


def in_words(files: int, size: int) -> str:
    return f"{files:,} files or {size / 1_000_000:,g} MB"


class _Listed(ResponseModel):
    quotas: list[UploadQuota] = Field(alias="list", min_length=1)


async def upload_quota(client: StalwartClient, registry: StalwartRegistry) -> UploadQuota:
    """Read the quota. Raises `MailServerError`s."""

    async def ask(left: float) -> UploadQuota:
        get: Call = ("x:Jmap/get", {"ids": [SINGLETON]})
        (quota, *_) = (await client.call([get], deadline=left)).read(0, _Listed).quotas
        return quota

    return await registry.within(_DEADLINE, ask)


async def raise_upload_quota(client: StalwartClient, registry: StalwartRegistry, before: UploadQuota) -> None:
    """Raise the quota to what we require; a higher value stays. Raises `MailServerError`s."""
    wanted = {"maxUploadCount": max(FILES, before.files), "uploadQuota": max(BYTES, before.size)}
    update = {"update": {SINGLETON: wanted}}
    await registry.within(_DEADLINE, lambda left: change(client, "Jmap", update, "the upload quota", deadline=left))
