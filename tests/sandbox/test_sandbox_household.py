"""The sandbox can be pointed at as its page says, and has room for a larger household."""

import pytest

from conftest import FakeClock
from sandbox.media_house import MediaHouse
from scrobbled.config import loads
from scrobbled.sandbox.server import Sandbox, page


def test_what_its_page_says_is_a_configuration() -> None:
    text = page("http://127.0.0.1:8686", Sandbox())
    yaml = text[text.index("metadata:") : text.index("Each root")]
    config = loads(yaml, {})
    assert set(config.sources) == {"plex", "jellyfin", "emby", "kodi"}


@pytest.mark.parametrize("name", ["plex", "jellyfin", "emby"])
def test_somebody_new_joins_and_watches(clock: FakeClock, name: str) -> None:
    house = MediaHouse(name, clock)
    first = house.ask("POST", "/_sandbox/accounts", json={"account": "kim"})
    again = house.ask("POST", "/_sandbox/accounts", json={"account": "kim"})
    assert first.json() == again.json()
    assert first.json()["account"] == "kim"
    watched = house.ask("POST", "/_sandbox/watch", json={"title": house.world.movies[0].title, "account": "kim"})
    assert watched.status_code == 200
    assert house.server.join("lee") != house.server.join("kim")
    assert house.ask("POST", "/_sandbox/accounts", json={"account": " "}).status_code == 400
