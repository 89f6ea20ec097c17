"""A small interface as the build writes it, in a folder of a test. What is compressed is marked, not really compressed:
nobody unpacks it."""

from pathlib import Path

SCRIPT = "start()"
FRAME_SCRIPT = "onmessage = show"
PAGE = f"""<!doctype html><html><head><title>{{title}}</title>
<script type="module" src="/_app/immutable/entry/start.C0ffee.js"></script></head>
<body><script>{SCRIPT}</script></body></html>"""
FRAME = f"<!doctype html><html><body><script>{FRAME_SCRIPT}</script></body></html>"
ENTRY = "/_app/immutable/entry/start.C0ffee.js"
STYLE = "/_app/immutable/assets/0.Ab3.css"
FRAME_PATH = "/_app/immutable/assets/frame.Xy1.html"
REMOTE_FRAME_PATH = "/_app/immutable/assets/frame-remote.Xy2.html"

FILES = {
    "/index.html": PAGE.format(title="index"),
    "/mail.html": PAGE.format(title="mail"),
    "/favicon.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>",
    "/_app/version.json": '{"version":"1"}',
    ENTRY: "export const start = () => {};",
    STYLE: "body { color: black }",
    FRAME_PATH: FRAME,
    REMOTE_FRAME_PATH: FRAME,
}
COMPRESSED = [ENTRY, STYLE, "/index.html", "/mail.html", "/_app/version.json"]


def write_build(folder: Path) -> Path:
    for name, text in FILES.items():
        path = folder / name[1:]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for name in COMPRESSED:
        (folder / f"{name[1:]}.br").write_text(f"br of {name}")
        (folder / f"{name[1:]}.gz").write_text(f"gzip of {name}")
    return folder
