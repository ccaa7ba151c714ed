"""The example configuration loads as it is, and with every extra switched on."""

import re
from pathlib import Path

from scrobbled.config import load, loads, warnings
from scrobbled.core.words.troubles import TROUBLE_KINDS
from scrobbled.intake.household import without_effect
from scrobbled.sources import SOURCES
from scrobbled.trackers import TRACKERS

EXAMPLE = Path(__file__).parents[2] / "config" / "scrobbled.example.yaml"


def environment(text: str) -> dict[str, str]:
    """A value for each variable that the example names."""
    names = set(re.findall(r"\$\{([A-Z_]+)\}", text)) - {"NAME"}
    return {name: "ntfy://ntfy.example/x" if "URL" in name else f"{name.lower()}-0123456789" for name in names}


def everything_on() -> str:
    """The example without the # before its extras; prose has exactly one blank after it."""
    return re.sub(r"^#(?=[a-z]|  )", "", EXAMPLE.read_text(encoding="utf-8"), flags=re.MULTILINE)


def test_the_example_loads_and_warns_of_nothing() -> None:
    config = load(EXAMPLE, environment(EXAMPLE.read_text(encoding="utf-8")))
    assert [viewer.name for viewer in config.viewers] == ["anna"]
    assert config.viewers[0].accounts == {"plex": ("anna", "41220077")}
    assert warnings(config) == []


def test_the_example_loads_with_every_extra_and_warns_of_nothing() -> None:
    text = everything_on()
    config = loads(text, environment(text))
    assert [address.url for address in config.alerts.urls] == ["ntfy://ntfy.example/x"] * 2
    assert {kind for address in config.alerts.urls for kind in address.kinds} <= set(TROUBLE_KINDS)
    assert all(kind in text for kind in TROUBLE_KINDS), "the comment names every kind"
    assert config.viewers[0].trackers.keys() == {"serializd", "trakt", "plex", "jellyfin", "emby"}
    assert config.viewers[1].accounts == {"plex": ("ben", "anna")}
    assert warnings(config) == []


def test_the_example_offers_every_source_and_only_what_has_an_effect() -> None:
    config = loads(everything_on(), environment(everything_on()))
    assert set(config.sources) == set(SOURCES)
    assert {name for viewer in config.viewers for name in viewer.trackers} <= set(TRACKERS)
    assert config.sinks.influx is not None
    assert list(without_effect(config)) == []
