"""What the real Kratos writes into its log about a webhook."""

import asyncio
from pathlib import Path

import pytest
import yaml

from kratos_servers import real_kratos
from postroom.setup.deployed_files import text_of

KEY = "key-of-the-webhook-0123456789"
SHIPPED = yaml.safe_load(text_of("kratos/kratos.yml"))["log"]


@pytest.mark.parametrize(("log", "tells"), [(SHIPPED, False), ({"level": "info"}, True)], ids=["shipped", "info"])
async def test_key_of_postroom_is_in_no_log_of_kratos_at_the_level_that_we_ship(
    tmp_path: Path, log: dict[str, str], tells: bool
) -> None:
    """At `info` it is there: if a later Kratos leaves it out, the comment in kratos.yml has done its duty."""
    called = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()
        called.set()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/internal/mail/provision"
        async with real_kratos(tmp_path, hook_url=url, hook_key=KEY, more={"log": log}) as kratos:
            await kratos.register("alice@example.org")
            await asyncio.wait_for(called.wait(), 20)
    assert (KEY in (tmp_path / "kratos.log").read_text()) is tells
