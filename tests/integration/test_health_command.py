"""`postroom health`, against servers that answer as a process would."""

from urllib.parse import urlsplit

import pytest

from commands import Commands
from http_server import answering, server
from postroom.cli.health import MOST
from postroom_sandbox.loopback import free_port


def response(status: str, body: str) -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


def listening_at(url: str, **more: str) -> Commands:
    return Commands({"POSTROOM_PORT": str(urlsplit(url).port), **more})


async def test_a_process_that_answers_200_is_healthy() -> None:
    async with server(answering(response("200 OK", '{"status":"ok"}'))) as url:
        assert await listening_at(url)("health") == "ok\n"


async def test_the_reason_of_a_process_that_is_not_healthy_is_one_line_and_the_exit_code_1() -> None:
    body = '{"status":"unavailable","reason":"these loops hang: worker","loops":["worker"]}'
    async with server(answering(response("503 Service Unavailable", body))) as url:
        said = await listening_at(url)("health", "--ready", code=1)
    assert said == f"postroom: http://127.0.0.1:{urlsplit(url).port}/health/ready: these loops hang: worker\n"


@pytest.mark.parametrize("answer", [b"not HTTP\r\n\r\n", response("404 Not Found", "[]"), response("500 Oh", "<html>")])
async def test_another_server_at_the_port_is_not_healthy(answer: bytes) -> None:
    async with server(answering(answer, closing=True)) as url:
        said = await listening_at(url)("health", code=1)
    assert said.count("\n") == 1


async def test_of_a_response_without_end_only_the_beginning_is_read() -> None:
    endless = b"HTTP/1.1 500 Oh\r\nContent-Length: 999999999\r\n\r\n" + MOST * b"x"
    async with server(answering(endless, closing=True)) as url:
        assert (await listening_at(url)("health", code=1)).endswith("it answers 500\n")


async def test_a_reason_cannot_control_the_terminal() -> None:
    async with server(answering(response("503 Oh", '{"reason":"\\u0007ring"}'))) as url:
        assert "\x07" not in await listening_at(url)("health", code=1)


async def test_a_worker_is_asked_at_its_own_port_and_no_proxy_is_used() -> None:
    async with server(answering(response("200 OK", "{}"))) as url:
        worker = Commands(
            {
                "POSTROOM_WORK_PORT": str(urlsplit(url).port),
                "POSTROOM_HOST": "127.0.0.9",
                "http_proxy": f"http://127.0.0.1:{free_port()}",
            }
        )
        assert await worker("health", "--worker") == "ok\n"


async def test_nothing_at_the_port_is_not_healthy() -> None:
    said = await Commands({"POSTROOM_PORT": str(free_port())})("health", code=1)
    assert "Connection refused" in said


async def test_a_worker_without_a_port_of_its_own_cannot_be_asked() -> None:
    said = await Commands()("health", "--worker", code=2)
    assert (
        said == "postroom: POSTROOM_WORK_PORT is 0, so that the process listens on any free port; set it to a number\n"
    )
