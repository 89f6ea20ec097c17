"""What browsers install: one manifest a language, equal but for its words, and its pictures are files of ours."""

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

STATIC = Path(__file__).resolve().parents[2] / "web/static"


def manifest(language: str) -> Mapping[str, Any]:
    return json.loads((STATIC / f"{language}.webmanifest").read_text())


def without_words(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: without_words(v) for k, v in value.items() if k not in ("description", "lang", "name", "short_name")}
    return [without_words(each) for each in value] if isinstance(value, list) else value


def test_both_languages_install_the_same_app() -> None:
    english, german = manifest("en"), manifest("de")
    assert without_words(english) == without_words(german)
    assert (english["lang"], german["lang"]) == ("en", "de")
    assert english["description"] != german["description"]
    assert english["shortcuts"][0]["name"] != german["shortcuts"][0]["name"]


def test_each_picture_is_there_in_its_size() -> None:
    pictures = [*manifest("en")["icons"], *(icon for each in manifest("en")["shortcuts"] for icon in each["icons"])]
    for icon in pictures:
        content = (STATIC / icon["src"].lstrip("/")).read_bytes()
        if icon["type"] == "image/png":
            assert "{}x{}".format(*struct.unpack(">II", content[16:24])) == icon["sizes"]
    assert {"512x512 maskable", "512x512 any", "192x192 any"} <= {
        f"{icon['sizes']} {icon.get('purpose', 'any')}" for icon in pictures
    }


def test_links_of_mail_and_the_shortcut_open_a_message() -> None:
    app = manifest("en")
    assert (app["start_url"], app["display"]) == ("/mail", "standalone")
    assert app["protocol_handlers"] == [{"protocol": "mailto", "url": "/mail/compose/new?mailto=%s"}]
    assert app["shortcuts"][0]["url"] == "/mail/compose/new"
