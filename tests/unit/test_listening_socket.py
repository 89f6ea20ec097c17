"""The error of a process that cannot listen names the setting to correct."""

import errno
import os
import socket

import pytest

from postroom.errors import ConfigurationError
from postroom.http.server import listen


@pytest.mark.parametrize(
    ("error", "fix"),
    [
        (errno.EADDRINUSE, "stop the process that uses that port, or set POSTROOM_WORK_PORT to another one"),
        (errno.EACCES, "set POSTROOM_WORK_PORT to a port above 1023, or give the process CAP_NET_BIND_SERVICE"),
        (errno.EADDRNOTAVAIL, "correct POSTROOM_WORK_HOST: it must be an address of this host"),
    ],
    ids=["taken", "forbidden", "of another host"],
)
def test_each_reason_why_a_port_cannot_be_had_has_its_own_fix(
    error: int, fix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bind(*_: object) -> None:
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(socket.socket, "bind", bind)
    with pytest.raises(ConfigurationError) as raised:
        listen("10.0.0.5", 80, setting="POSTROOM_WORK_PORT")
    assert str(raised.value) == f"cannot listen on 10.0.0.5:80 ({os.strerror(error)})"
    assert raised.value.fix == fix


def test_an_invalid_host_name_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"cannot listen on a\.\.b:0") as raised:
        listen("a..b", 0, setting="POSTROOM_PORT")
    assert "POSTROOM_HOST" in raised.value.fix
