"""SVG bar charts: one bar per contender for the median, with a line for the range of the runs."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, LEFT, RIGHT = 760, 230, 120
TOP, BAR, GAP = 40, 16, 8

_STYLE = """
    text { fill: #3d4756; font: 12px system-ui, sans-serif }
    .title { font-size: 14px; font-weight: 600; fill: #1a202c }
    .ours { fill: #3f9d57 } .durable { fill: #5b84c4 } .volatile { fill: #b9c4d4 }
    .range { stroke: #3d4756; stroke-width: 1.2 }
    @media (prefers-color-scheme: dark) {
      text { fill: #c9d2de } .title { fill: #f2f5f9 } .range { stroke: #c9d2de } .volatile { fill: #66748a }
    }
"""


@dataclass(frozen=True)
class Bar:
    """`kind` is ours, durable or volatile (lost when Redis is lost). `caption` is written after the bar."""

    label: str
    value: float
    caption: str
    kind: str
    least: float | None = None
    most: float | None = None


def draw(title: str, bars: Sequence[Bar], *, logarithmic: bool = False) -> str:
    """Return the SVG document."""
    height = TOP + len(bars) * (BAR + GAP) + 34
    largest = max([bar.most or bar.value for bar in bars] + [1.0])
    smallest = min([bar.value for bar in bars if bar.value > 0] + [largest])

    def x(value: float) -> float:
        share = value / largest
        if logarithmic:  # the axis starts at a tenth of the smallest value
            share = math.log10(max(1.0, 10 * value / smallest)) / math.log10(10 * largest / smallest)
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="t">',
        f'<title id="t">{escape(title)}</title><style>{_STYLE}</style>',
        f'<text class="title" x="8" y="20">{escape(title)}</text>',
    ]
    for place, bar in enumerate(bars):
        top = TOP + place * (BAR + GAP)
        parts.append(f'<text x="{LEFT - 8}" y="{top + 12}" text-anchor="end">{escape(bar.label)}</text>')
        end = x(bar.value)
        parts.append(f'<rect class="{bar.kind}" x="{LEFT}" y="{top}" width="{end - LEFT:.1f}" height="{BAR}"/>')
        if bar.least is not None and bar.most is not None and bar.most > bar.least:
            left, end = max(float(LEFT), x(bar.least)), max(end, x(bar.most))
            parts.append(f'<line class="range" x1="{left}" x2="{end}" y1="{top + BAR / 2}" y2="{top + BAR / 2}"/>')
        parts.append(f'<text x="{end + 6:.1f}" y="{top + 12}">{escape(bar.caption)}</text>')
    parts += [*_legend(height - 12), "</svg>"]
    return "\n".join(parts) + "\n"


def _legend(bottom: int) -> Iterator[str]:
    for place, (kind, label) in enumerate(
        (("ours", "Postroom, durable"), ("durable", "durable peer"), ("volatile", "not durable: lost with Redis"))
    ):
        left = LEFT + place * 150
        yield f'<rect class="{kind}" x="{left}" y="{bottom - 10}" width="11" height="11"/>'
        yield f'<text x="{left + 16}" y="{bottom}">{label}</text>'
