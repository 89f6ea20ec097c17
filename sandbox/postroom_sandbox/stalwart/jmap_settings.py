"""`x:Jmap`: the limits of JMAP. Only the upload limits of an account can be changed here."""

import time
from collections import Counter
from datetime import timedelta
from typing import ClassVar

from postroom_sandbox.stalwart.errors import SetError, invalid_patch, upload_quota_problem
from postroom_sandbox.stalwart.json_value import JSON, is_count
from postroom_sandbox.stalwart.session_object import CORE
from postroom_sandbox.stalwart.singleton import Singleton

RAISED_LIMITS = {"maxUploadCount": 10_000, "uploadQuota": 1_000_000_000}
"""The upload limits that Postroom's documentation recommends for people's mail."""


class JmapSettings(Singleton):
    name = "Jmap"
    initial: ClassVar[JSON] = {
        "getMaxResults": CORE["maxObjectsInGet"],
        "setMaxObjects": CORE["maxObjectsInSet"],
        "maxMethodCalls": CORE["maxCallsInRequest"],
        "maxRequestSize": CORE["maxSizeRequest"],
        "maxConcurrentRequests": CORE["maxConcurrentRequests"],
        "maxConcurrentUploads": CORE["maxConcurrentUpload"],
        "maxUploadSize": CORE["maxSizeUpload"],
        "maxUploadCount": 1000,
        "uploadQuota": 50_000_000,
        "uploadTtl": 3_600_000,
    }
    changeable = frozenset({"maxUploadCount", "uploadQuota", "uploadTtl"})
    unchangeable = "other limits of JMAP"

    def check(self, name: str, value: object) -> None:
        if not is_count(value):
            words = "Invalid value for unsigned integer property (expected non-negative integer)"
            raise invalid_patch(name, words)
        if name in self.changeable and value < (least := 1000 if name == "uploadTtl" else 1):
            raise SetError(
                "validationFailed", validationErrors=[{"type": "MinValue", "property": name, "required": least}]
            )


class UploadQuota:
    """What each account has uploaded within the current hour. Refused uploads count, too, as in Stalwart."""

    def __init__(self, settings: JmapSettings) -> None:
        self._settings = settings
        self._files: Counter[tuple[int, int]] = Counter()
        self._bytes: Counter[tuple[int, int]] = Counter()

    def lifetime(self) -> timedelta:
        """Of an upload that nothing uses: as long as the quota counts it."""
        return timedelta(milliseconds=self._settings.current()["uploadTtl"])

    def count(self, account: int, size: int) -> None:
        """Count an upload. Raises ProblemError if the quota is exceeded."""
        limits, now = self._settings.current(), time.time()
        seconds = limits["uploadTtl"] / 1000
        key = account, int(now // seconds)
        self._files[key] += 1
        self._bytes[key] += size
        if self._files[key] > limits["maxUploadCount"] or self._bytes[key] > limits["uploadQuota"]:
            raise upload_quota_problem(limits["maxUploadCount"], limits["uploadQuota"], int(seconds - now % seconds))
