"""Small pictures: PNG (a bar chart), and baseline JPEG (ISO/IEC 10918-1) of a landscape."""

import math
import struct
import zlib
from random import Random

_BLOCK = 8
_QUANTISER = 16
_EDGE = 30  # a larger step between two blocks is an edge, not a slope
# The Huffman codes of Annex K.3 that are used here: sizes of a DC difference, and of an AC coefficient without zeros
# before it, as code and length.
_DC_COUNTS = bytes([0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0])
_AC_VALUES = bytes([0x01, 0x02, 0x03, 0x00, 0x04, 0x05, 0x06, 0x07])
_AC_COUNTS = bytes([0, 2, 1, 2, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0])
_END_OF_BLOCK = 0x00

Colour = tuple[int, int, int]


def png(random: Random, width: int = 320, height: int = 160) -> bytes:
    """A chart with twelve bars, in a palette of three colours."""
    bars = [random.randint(height // 6, height - 12) for _ in range(12)]
    slot = width // len(bars)
    rows = bytearray()
    for y in range(height):
        rows.append(0)  # no filter
        for x in range(width):
            inside = 4 <= x % slot < slot - 4 and x < slot * len(bars)
            top = height - 8 - (bars[x // slot] if inside else 0)
            rows.append(2 if y == height - 8 else int(top < y < height - 8))
    accent = random.choice([(47, 111, 179), (15, 122, 114), (168, 71, 58), (107, 85, 194)])
    palette = bytes([250, 249, 247, *accent, 103, 99, 89])
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"PLTE", palette), (b"IDAT", zlib.compress(bytes(rows), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def jpeg(random: Random, width: int = 480, height: int = 320) -> bytes:
    """Sky, hills and ground. Each block of 8 by 8 has a mean and a slope, so the file stays small."""
    view = _Landscape(random, width, height)
    across, down = width // _BLOCK, height // _BLOCK
    planes = [[[view.at(x, y)[plane] for x in range(across + 1)] for y in range(down + 1)] for plane in range(3)]
    bits = _Bits()
    before = [0, 0, 0]
    for y in range(down):
        for x in range(across):
            for plane, values in enumerate(planes):
                before[plane] = _put_block(bits, values, x, y, before[plane])
    return _jpeg_head(width, height) + bits.flushed() + b"\xff\xd9"


class _Landscape:
    def __init__(self, random: Random, width: int, height: int) -> None:
        self._down = height // _BLOCK
        self._across = width // _BLOCK
        self._phase = random.uniform(0, 6)
        self._horizon = random.uniform(0.4, 0.65)
        self._sky: Colour = random.choice([(130, 180, 235), (240, 170, 110), (150, 160, 175), (90, 120, 190)])
        self._ground: Colour = random.choice([(70, 110, 60), (150, 120, 70), (215, 215, 220), (90, 85, 80)])

    def at(self, x: int, y: int) -> Colour:
        """Brightness and the two differences of colour (YCbCr) in the middle of a block."""
        hill = (
            self._horizon + 0.08 * math.sin(self._phase + 5 * x / self._across) + 0.03 * math.sin(17 * x / self._across)
        )
        depth = y / self._down
        base, light = (self._sky, 0.75 + 0.5 * depth) if depth < hill else (self._ground, 1.5 - 0.8 * depth)
        red, green, blue = (min(255.0, part * light) for part in base)
        bright = 0.299 * red + 0.587 * green + 0.114 * blue
        return round(bright), round(128 + 0.564 * (blue - bright)), round(128 + 0.713 * (red - bright))


def _put_block(bits: "_Bits", values: list[list[int]], x: int, y: int, before: int) -> int:
    """Encode the mean and the slopes of one block; return the mean, from which the next one differs."""
    here = values[y][x]
    mean = round((here - 128) * _BLOCK / _QUANTISER)
    steps = (values[y][x + 1] - here, values[y + 1][x] - here)
    slopes = [round(-0.45 * step) if abs(step) < _EDGE else 0 for step in steps]
    bits.put(*_DC_CODES[_size(mean - before)])
    bits.put_value(mean - before)
    # In zigzag order these are the coefficients 1 and 2. A zero between needs a code of its own, so it becomes a one.
    if any(slopes):
        for slope in slopes:
            level = slope or 1
            bits.put(*_AC_CODES[_size(level)])
            bits.put_value(level)
    bits.put(*_AC_CODES[_END_OF_BLOCK])
    return mean


def _size(value: int) -> int:
    return abs(value).bit_length()


def _codes(counts: bytes, values: bytes) -> dict[int, tuple[int, int]]:
    """The canonical Huffman codes (Annex C): code and length for each value."""
    codes: dict[int, tuple[int, int]] = {}
    code, place = 0, 0
    for length, count in enumerate(counts, 1):
        for _ in range(count):
            codes[values[place]] = (code, length)
            code, place = code + 1, place + 1
        code <<= 1
    return codes


_DC_CODES = _codes(_DC_COUNTS, bytes(range(12)))
_AC_CODES = _codes(_AC_COUNTS, _AC_VALUES)


class _Bits:
    def __init__(self) -> None:
        self._done = bytearray()
        self._held, self._length = 0, 0

    def put(self, code: int, length: int) -> None:
        self._held, self._length = self._held << length | code, self._length + length
        while self._length >= 8:
            self._length -= 8
            octet = self._held >> self._length & 255
            self._done += b"\xff\x00" if octet == 255 else bytes([octet])
        self._held &= 255

    def put_value(self, value: int) -> None:
        if value:
            self.put(value if value > 0 else value - 1 & (1 << _size(value)) - 1, _size(value))

    def flushed(self) -> bytes:
        self.put(127, 7)
        return bytes(self._done)


def _jpeg_head(width: int, height: int) -> bytes:
    components = b"".join(bytes([number, 0x11, 0]) for number in (1, 2, 3))
    segments = (
        (0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"),
        (0xDB, b"\0" + bytes([_QUANTISER, 8, 8] + [16] * 61)),
        (0xC0, struct.pack(">BHHB", 8, height, width, 3) + components),
        (0xC4, b"\x00" + _DC_COUNTS + bytes(range(12))),
        (0xC4, b"\x10" + _AC_COUNTS + _AC_VALUES),
        (0xDA, b"\x03" + b"".join(bytes([number, 0]) for number in (1, 2, 3)) + b"\x00\x3f\x00"),
    )
    return b"\xff\xd8" + b"".join(struct.pack(">BBH", 255, kind, len(data) + 2) + data for kind, data in segments)
