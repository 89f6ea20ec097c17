"""What `--json` prints, the same for every command."""

import json
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime


def json_text(content: object) -> str:
    """`content` as JSON, indented by 2. Times are RFC 3339 in UTC; unknown values are null."""
    return json.dumps(content, indent=2, default=plain)


def plain(value: object) -> object:
    """Converts values that JSON does not support."""
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return str(value)
