"""Redis in memory: the sorted set, the epoch key, and `queue/claim.lua` as a function."""

from collections.abc import Callable, Mapping
from typing import Any


class RedisModel:
    """Its clock is `skew` seconds ahead of PostgreSQL's."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self.skew = 0.0
        self.scores: dict[str, float] = {}
        self.epoch: str | None = None

    def now(self) -> float:
        return self._seconds() + self.skew

    def in_order(self) -> list[tuple[float, str]]:
        return sorted((score, member) for member, score in self.scores.items())

    def claim(self, limit: int, lease: float, horizon: float) -> list[Any]:
        now = self.now()
        due = [(score, member) for score, member in self.in_order() if score <= now + horizon][:limit]
        answer: list[Any] = []
        for score, member in due:
            self.scores[member] = max(score, now) + lease
            answer += [member, f"{score:.6f}"]
        following = min(self.scores.values(), default=None)
        return ["" if following is None else f"{following - now:.6f}", *answer]

    def zadd(self, scores: Mapping[str, float], *, xx: bool = False, nx: bool = False) -> int:
        before = len(self.scores)
        for member, score in scores.items():
            known = member in self.scores
            if not ((xx and not known) or (nx and known)):
                self.scores[member] = score
        return len(self.scores) - before

    def zrem(self, *members: str) -> int:
        return sum(self.scores.pop(member, None) is not None for member in members)

    def between(self, low: float, high: float) -> list[str]:
        return [member for score, member in self.in_order() if low <= score <= high]

    def set_epoch(self, value: str) -> None:
        self.epoch = value

    def flush(self) -> None:
        self.scores, self.epoch = {}, None

    def snapshot(self) -> tuple[dict[str, float], str | None]:
        return dict(self.scores), self.epoch

    def restore(self, snapshot: tuple[dict[str, float], str | None]) -> None:
        self.scores, self.epoch = dict(snapshot[0]), snapshot[1]
