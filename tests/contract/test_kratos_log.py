"""What the real Kratos writes into its log about a webhook."""

from pathlib import Path

import pytest
import yaml

from eventually import eventually
from kratos_servers import real_kratos
from postroom.setup.deployed_files import text_of
from scripted_upstream import http_answer, scripted_upstream

KEY = "key-of-the-webhook-0123456789"
SHIPPED = yaml.safe_load(text_of("kratos/kratos.yml"))["log"]


@pytest.mark.parametrize(("log", "tells"), [(SHIPPED, False), ({"level": "info"}, True)], ids=["shipped", "info"])
async def test_key_of_postroom_is_in_no_log_of_kratos_at_the_level_that_we_ship(
    tmp_path: Path, log: dict[str, str], tells: bool
) -> None:
    """At `info` it is there: if a later Kratos leaves it out, the comment in kratos.yml has done its duty."""
    async with scripted_upstream() as postroom:
        postroom.will(http_answer(200))
        hook_url = f"{postroom.url}/internal/mail/provision"
        async with real_kratos(tmp_path, hook_url=hook_url, hook_key=KEY, more={"log": log}) as kratos:
            await kratos.register("alice@example.org")
            await eventually(lambda: postroom.asked, "the webhook was called", within=20)
    assert (KEY in (tmp_path / "kratos.log").read_text()) is tells
