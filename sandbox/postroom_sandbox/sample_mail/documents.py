"""Small files that are no pictures: a PDF page, a table, a calendar entry, plain text."""

from datetime import UTC, datetime, timedelta

_PAGE = "/MediaBox [0 0 595 842]"  # A4, in points


def pdf(title: str, lines: list[str]) -> bytes:
    """One page of Latin text (PDF 1.4)."""
    shown = [f"BT /F1 18 Tf 60 770 Td ({_escaped(title)}) Tj ET"]
    shown += [f"BT /F1 11 Tf 60 {730 - 18 * row} Td ({_escaped(line)}) Tj ET" for row, line in enumerate(lines)]
    drawing = "\n".join(shown).encode("cp1252", "replace")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R {_PAGE} /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>".encode(),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawing), drawing),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    file, places = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"), list[int]()
    for number, each in enumerate(objects, 1):
        places.append(len(file))
        file += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
    return (
        bytes(file)
        + head
        + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
        % (
            len(objects) + 1,
            len(file),
        )
    )


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")


def table(rows: list[list[str]]) -> bytes:
    """CSV (RFC 4180)."""
    return "".join(";".join(row) + "\r\n" for row in rows).encode()


def calendar(summary: str, starts: datetime, uid: str) -> bytes:
    """An event of two hours (RFC 5545)."""
    at = [f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}" for moment in (starts, starts + timedelta(hours=2))]
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//example.org//sample//EN", "BEGIN:VEVENT", f"UID:{uid}"]
    lines += [f"DTSTAMP:{at[0]}", f"DTSTART:{at[0]}", f"DTEND:{at[1]}", f"SUMMARY:{summary}", "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()
