"""The picture of a run: responses per second, waiting requests, and a lane of faults for each part."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from html import escape
from typing import Any

Event = dict[str, Any]

WIDTH, LEFT, RIGHT = 1000, 96, 16
TOP, HEIGHT = 44, 130
WAITING_TOP, WAITING_HEIGHT = TOP + HEIGHT + 28, 70
LANES_TOP, LANE = WAITING_TOP + WAITING_HEIGHT + 30, 36
LANES = ("service-1", "service-2", "worker-1", "worker-2", "postgres", "redis", "stalwart", "kratos")
RESPONSES = (
    ("200", "ok"),
    ("500", "retry"),
    ("409", "dead"),
    ("422", "dead"),
    ("503", "unavailable"),
    ("none", "none"),
)
LEGEND = (
    ("ok", "200"),
    ("retry", "500 will retry"),
    ("dead", "409, 422"),
    ("unavailable", "503"),
    ("none", "no response"),
)

_STYLE = """
    text { fill: #3d4756; font: 12px system-ui, sans-serif }
    .title { font-size: 15px; font-weight: 600; fill: #1a202c }
    .small { font-size: 10px }
    .ok { fill: #3f9d57 } .retry { fill: #d9a520 } .dead { fill: #7c5cbf }
    .unavailable { fill: #d2691e } .none { fill: #b83246 }
    .fault { fill: #c0392b; fill-opacity: .75 }
    .grid { stroke: #c3cad4; stroke-width: .5 }
    .waiting { fill: #5b84c4; fill-opacity: .35; stroke: #3b5b92; stroke-width: 1.2 }
    .settled { stroke: #2f7d43; stroke-width: 2 }
    @media (prefers-color-scheme: dark) {
      text { fill: #c9d2de } .title { fill: #f2f5f9 } .grid { stroke: #4a5568 } .waiting { stroke: #8fb0e8 }
    }
"""


def draw(history: list[Event]) -> str:
    """The text of the SVG."""
    start = history[0]["t"]
    length = max(10.0, max(event["t"] for event in history) - start)
    height = LANES_TOP + LANE * len(LANES) + 34

    def x(t: float) -> float:
        return round(LEFT + (t - start) / length * (WIDTH - LEFT - RIGHT), 1)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="t">',
        f'<title id="t">Requests and faults over {length:.0f} seconds</title><style>{_STYLE}</style>',
        *_axis(start, length, height, x),
        *_responses(history, start, x),
        *_waiting(history, x),
        *_faults(history, start + length, x),
        *_settled(history, height, x),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _axis(start: float, length: float, height: float, x: Any) -> Iterator[str]:
    step = 30 if length > 120 else 10
    for seconds in range(0, int(length) + 1, step):
        at = x(start + seconds)
        yield f'<line class="grid" x1="{at}" x2="{at}" y1="{TOP}" y2="{height - 30}"/>'
        yield f'<text class="small" x="{at}" y="{height - 14}" text-anchor="middle">{seconds} s</text>'


def _responses(history: list[Event], start: float, x: Any) -> Iterator[str]:
    seconds: dict[int, Counter[str]] = defaultdict(Counter)
    for event in history:
        if event["event"] in ("answered", "unanswered"):
            seconds[int(event["t"] - start)][str(event.get("status", "none"))] += 1
    most = max((sum(counts.values()) for counts in seconds.values()), default=1)
    yield f'<text class="title" x="8" y="20">Responses per second (at most {most})</text>'
    for index, (name, text) in enumerate(LEGEND):
        yield f'<rect class="{name}" x="{330 + index * 125}" y="10" width="11" height="11"/>'
        yield f'<text x="{346 + index * 125}" y="20">{text}</text>'
    width = max(1.0, x(start + 1) - x(start) - 0.3)
    for second, counts in sorted(seconds.items()):
        left, bottom = x(start + second), float(TOP + HEIGHT)
        for status, name in RESPONSES:
            if size := round(counts[status] / most * HEIGHT, 1):
                bottom -= size
                yield f'<rect class="{name}" x="{left}" y="{bottom:.1f}" width="{width:.1f}" height="{size}"/>'


def _waiting(history: list[Event], x: Any) -> Iterator[str]:
    samples = [(event["t"], event.get("waiting", 0) + event.get("running", 0)) for event in _of(history, "rows")]
    most = max((count for _, count in samples), default=0)
    yield f'<text class="title" x="8" y="{WAITING_TOP - 8}">Requests waiting or running (at most {most:,})</text>'
    if not most:
        return
    bottom = WAITING_TOP + WAITING_HEIGHT
    points = [f"{x(t)},{bottom - count / most * WAITING_HEIGHT:.1f}" for t, count in samples]
    ends = f"{x(samples[0][0])},{bottom} {' '.join(points)} {x(samples[-1][0])},{bottom}"
    yield f'<polygon class="waiting" points="{ends}"/>'


def _faults(history: list[Event], end: float, x: Any) -> Iterator[str]:
    yield f'<text class="title" x="8" y="{LANES_TOP - 8}">Faults</text>'
    over = list(_of(history, "fault over"))
    for index, lane in enumerate(LANES):
        top = LANES_TOP + index * LANE
        yield f'<text x="8" y="{top + 15}">{lane}</text>'
        for number, event in enumerate(each for each in _of(history, "fault") if each["target"] == lane):
            ends = [each["t"] for each in over if _same(each, event) and each["t"] >= event["t"]]
            left, right = x(event["t"]), x(min(ends, default=end))
            width, kind = max(2.5, round(right - left, 1)), escape(event["kind"])
            yield f'<rect class="fault" x="{left}" y="{top + 2}" width="{width}" height="9"/>'
            # Alternate between two rows, because names of short faults would overlap.
            yield f'<text class="small" x="{left}" y="{top + 20 + number % 2 * 10}">{kind}</text>'


def _settled(history: list[Event], height: float, x: Any) -> Iterator[str]:
    for event in _of(history, "settled"):
        at = x(event["t"])
        yield f'<line class="settled" x1="{at}" x2="{at}" y1="{TOP}" y2="{height - 30}"/>'
        text = f"settled {event['seconds']:.0f} s after the last fault"
        yield f'<text x="{at - 4}" y="{WAITING_TOP + 12}" text-anchor="end">{text}</text>'


def _of(history: Iterable[Event], name: str) -> Iterator[Event]:
    return (event for event in history if event["event"] == name)


def _same(one: Event, other: Event) -> bool:
    return one["target"] == other["target"] and one["kind"] == other["kind"]
