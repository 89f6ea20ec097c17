"""`x:Jmap`: the limits of JMAP. Of them, how much an account may upload can be set here; the others are constants."""

import time
from collections import Counter
from typing import ClassVar

from postroom_sandbox.stalwart.errors import SetError, invalid_patch, upload_quota_problem
from postroom_sandbox.stalwart.json_value import JSON, is_count
from postroom_sandbox.stalwart.session import CORE
from postroom_sandbox.stalwart.singleton import Singleton

RAISED_LIMITS = {"maxUploadCount": 10_000, "uploadQuota": 1_000_000_000}
"""As Postroom's documentation has it raised before people reach their mail."""


class JmapSettings(Singleton):
    name = "Jmap"
    beginning: ClassVar[JSON] = {
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
    what = "other limits of JMAP"

    def check(self, name: str, value: object) -> None:
        if not is_count(value):
            words = "Invalid value for unsigned integer property (expected non-negative integer)"
            raise invalid_patch(name, words)
        if name in self.changeable and value < (least := 1000 if name == "uploadTtl" else 1):
            raise SetError(
                "validationFailed", validationErrors=[{"type": "MinValue", "property": name, "required": least}]
            )


class UploadQuota:
    """What each account has uploaded within the hour that runs; the server counts what it refuses, too."""

    def __init__(self, settings: JmapSettings) -> None:
        self._settings = settings
        self._files: Counter[tuple[int, int]] = Counter()
        self._bytes: Counter[tuple[int, int]] = Counter()

    def count(self, account: int, size: int) -> None:
        """Raises ProblemError once it is too much."""
        held, now = self._settings.held(), time.time()
        seconds = held["uploadTtl"] / 1000
        key = account, int(now // seconds)
        self._files[key] += 1
        self._bytes[key] += size
        if self._files[key] > held["maxUploadCount"] or self._bytes[key] > held["uploadQuota"]:
            raise upload_quota_problem(held["maxUploadCount"], held["uploadQuota"], int(seconds - now % seconds))
