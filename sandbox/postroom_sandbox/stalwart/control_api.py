"""The control API under /_sandbox/: it sets faults and shows the state. It is not part of Stalwart's API."""

import html
from collections import Counter

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from postroom_sandbox.stalwart import ids
from postroom_sandbox.stalwart.bulk_intake import BulkIntake
from postroom_sandbox.stalwart.fault_injection import CONTROL_PREFIX
from postroom_sandbox.stalwart.faults import KINDS, Faults, read_fault
from postroom_sandbox.stalwart.intake import Intake
from postroom_sandbox.stalwart.json_value import JSON
from postroom_sandbox.stalwart.store import Store

_NOTICE = "This is Postroom's stand-in for Stalwart 0.16, for trials and tests, not for real mail."
_STYLE = "body{font:16px sans-serif;margin:2em}td{padding:0 1em .3em 0;vertical-align:top}"
_ADDRESSES = """
    SELECT a.account_id, json_extract(c.document, '$.description'), a.kind, a.name, d.name
    FROM addresses a JOIN domains d ON d.id = a.domain_id JOIN accounts c ON c.id = a.account_id
    ORDER BY a.account_id, a.kind = 'primary' DESC, a.name"""


class ControlApi:
    def __init__(
        self, store: Store, intake: Intake, bulk: BulkIntake, faults: Faults, counts: Counter[str], hostname: str
    ) -> None:
        self._store = store
        self._intake = intake
        self._bulk = bulk
        self._hostname = hostname
        self._faults = faults
        self._counts = counts

    def routes(self) -> list[Route]:
        return [
            Route(CONTROL_PREFIX, self._page, methods=["GET"]),
            Route(CONTROL_PREFIX + "state", self._state, methods=["GET"]),
            Route(CONTROL_PREFIX + "faults", self._put_fault, methods=["PUT"]),
            Route(CONTROL_PREFIX + "faults", self._clear_faults, methods=["DELETE"]),
            Route(CONTROL_PREFIX + "mail", self._keep_mail, methods=["POST"]),
        ]

    def _accounts(self) -> list[JSON]:
        """All accounts. Marks are the local parts of disabled aliases, by which Postroom recognises its mailboxes."""
        accounts: dict[int, JSON] = {}
        for number, person, kind, name, domain in self._store.rows(_ADDRESSES):
            new: JSON = {"id": ids.encode(number), "name": person or "", "addresses": [], "marks": []}
            account = accounts.setdefault(number, new)
            if kind == "disabled":
                account["marks"].append(name)
            else:
                account["addresses"].append(f"{name}@{domain}")
        return list(accounts.values())

    async def _state(self, request: Request) -> Response:
        counts = dict(sorted(self._counts.items()))
        state = {"accounts": self._accounts(), "faults": self._faults.shown(), "requests": counts}
        channels = {"lmtp": self._intake.lmtp.address, "event_streams": self._intake.event_source.open}
        channels["hostname"] = self._hostname
        return JSONResponse({"notice": _NOTICE} | state | channels)

    async def _put_fault(self, request: Request) -> Response:
        try:
            self._faults.put(read_fault(await request.json()))
        except ValueError as error:
            return JSONResponse({"notice": _NOTICE, "error": str(error), "kinds": KINDS}, 422)
        return JSONResponse({"notice": _NOTICE, "faults": self._faults.shown()})

    async def _clear_faults(self, request: Request) -> Response:
        self._faults.clear()
        return JSONResponse({"notice": _NOTICE, "faults": []})

    async def _keep_mail(self, request: Request) -> Response:
        try:
            body = await request.json()
            kept = self._bulk.keep(body["to"], body["messages"])
        except (KeyError, TypeError, ValueError) as error:
            return JSONResponse({"notice": _NOTICE, "error": str(error)}, 422)
        return JSONResponse({"notice": _NOTICE, "kept": kept})

    async def _page(self, request: Request) -> Response:
        accounts = self._accounts()
        sections = [
            _table("Incoming mail", [["LMTP", self._intake.lmtp.address]]),
            _table(
                "Faults that are on", [[fault["kind"], str(fault)] for fault in self._faults.shown() if fault["on"]]
            ),
            _table("Requests since the start", [[k, str(n)] for k, n in sorted(self._counts.items())]),
            _table(
                f"Accounts ({len(accounts)})",
                [[a["id"], ", ".join(a["addresses"]), ", ".join(a["marks"])] for a in accounts],
            ),
            _table("Available faults", [[kind, effect] for kind, effect in KINDS.items()]),
        ]
        head = f"<!doctype html><title>Stand-in for Stalwart</title><style>{_STYLE}</style>"
        return HTMLResponse(f"{head}<h1>{_NOTICE}</h1>{''.join(sections)}")


def _table(title: str, rows: list[list[str]]) -> str:
    cells = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<h2>{html.escape(title)}</h2><table>{cells or '<tr><td>none</td></tr>'}</table>"
