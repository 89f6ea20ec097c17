"""`postroom health`: the health check of a container, whose image holds no curl."""

import http.client
import json
from urllib.parse import urlsplit

import typer

from postroom.cli.control_characters import escape_control
from postroom.errors import ConfigurationError
from postroom.settings.environment import load_part
from postroom.settings.settings import Settings
from postroom.settings.web_urls import url_on_this_host

WITHIN = 5.5
"""Seconds; /health/ready itself waits 5 s for PostgreSQL."""

MOST = 64 * 1024
"""Bytes of a response that are read: another server may listen on the port."""


def health(*, worker: bool, ready: bool) -> None:
    """Raises `typer.Exit` with 1 if the process is not healthy, and `ConfigurationError` if its port is not known."""
    url = _url(load_part(()), worker=worker) + ("/health/ready" if ready else "/health/live")
    status, text = _response(url)
    if status != http.client.OK:
        typer.echo(f"postroom: {url}: {escape_control(text)}", err=True)
        raise typer.Exit(1)
    typer.echo("ok")


def _url(settings: Settings, *, worker: bool) -> str:
    setting = "POSTROOM_WORK_PORT" if worker else "POSTROOM_PORT"
    host, port = (settings.work_host, settings.work_port) if worker else (settings.host, settings.port)
    if not port:
        raise ConfigurationError(f"{setting} is 0, so that the process listens on any free port; set it to a number")
    return url_on_this_host(host, port)


def _response(url: str) -> tuple[int, str]:
    """The status, and what is wrong unless that is 200. No proxy of the environment is asked, as urllib would."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=WITHIN)
    try:
        connection.request("GET", parts.path)
        response = connection.getresponse()
        return response.status, _reason(response.status, response.read(MOST))
    except (OSError, http.client.HTTPException) as error:
        return 0, str(error).strip() or type(error).__name__
    finally:
        connection.close()


def _reason(status: int, body: bytes) -> str:
    try:
        return str(json.loads(body)["reason"])
    except (ValueError, KeyError, TypeError):
        return f"it answers {status}"
