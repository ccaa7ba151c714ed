"""What is promised for later is never offered, and never called fine: it appears as soon as it is there."""

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scrobbled.intake.household import SINKS, has_effect
from scrobbled.trackers import TRACKERS
from web.house import house
from web.test_pages import Seen

CONFIG = """
storage: {path: s.db}
sinks: {influx: {url: "http://influx:8086", token: t, org: o, bucket_raw: b}}
viewers:
  - name: anna
    accounts: {}
    trackers:
      trakt: {client_id: app}
      serializd: {email: a@example.org, password: p}
      anilist: {token: some-token}
    pairs: [{between: [trakt, serializd], plays: both, watchlist: both}]
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "scrobbled.yaml"
    found.write_text(CONFIG)
    return found


def scrobbled(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scrobbled", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_a_configuration_that_asks_for_it_is_valid_and_is_told_what_does_nothing(path: Path) -> None:
    said = scrobbled("config", "check", "--config", str(path))
    assert said.returncode == 0
    assert said.stdout == f"{path} is valid, but a part of it does nothing in this version.\n"
    for idle in (
        "viewers: anna: this version does not deliver to anilist yet",
        "does not compare the watchlist of serializd yet",
    ):
        assert idle in said.stderr


def test_a_configuration_that_asks_for_none_of_it_is_fine(path: Path) -> None:
    path.write_text("storage: {path: s.db}\n")
    said = scrobbled("config", "check", "--config", str(path))
    assert (said.returncode, said.stdout) == (0, f"{path} is fine.\n")


def test_the_tracker_of_the_tests_is_nowhere_else(path: Path) -> None:
    path.write_text("viewers: [{name: anna, trackers: {memory: {}}}]\n")
    said = scrobbled("config", "check", "--config", str(path))
    assert said.returncode == 2
    assert "memory" in said.stderr
    assert "memory" not in scrobbled("config", "schema").stdout


def test_nobody_signs_in_where_nothing_is_delivered(path: Path) -> None:
    said = scrobbled("auth", "anilist", "--config", str(path))
    assert said.returncode == 2
    assert (
        "AniList is none that this version signs in to. There is emby, jellyfin, plex, serializd and trakt."
        in " ".join(said.stderr.replace("│", " ").split())
    )


@pytest.mark.parametrize(
    ("path", "there"),
    [
        ("viewers[0].trackers.trakt", True),
        ("viewers[12].trackers.anilist", False),
        ("viewers[0].trackers.trakt.client_id", True),
        ("viewers[0].pairs[1].plays", True),
        ("viewers[0].pairs[1].progress", False),
        ("viewers[0].pairs[1].every", True),
        ("sinks.influx", True),
        ("sinks.folder", False),
        ("sinks.mqtt", True),
        ("server.port", True),
    ],
)
def test_a_part_has_an_effect_where_what_does_it_is_there(path: str, there: bool) -> None:
    assert has_effect(path) is there


def test_what_lands_appears_by_being_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TRACKERS, "anilist", TRACKERS["trakt"])
    monkeypatch.setattr("scrobbled.intake.household.SINKS", SINKS | {"folder"})
    assert has_effect("viewers[0].trackers.anilist")
    assert has_effect("sinks.folder")


def test_forms_offer_what_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def page() -> Seen:
        async with house(tmp_path, viewers=VIEWERS) as home, home.client() as browser:
            return Seen((await browser.get("/settings/people/0")).text)

    person = asyncio.run(page())
    assert "trakt" in offered(person)
    assert "anilist" not in offered(person)
    assert not any(kind in person.text for kind in ("Watchlist", "Collection", "Progress"))
    monkeypatch.setitem(TRACKERS, "anilist", TRACKERS["trakt"])
    assert "anilist" in offered(asyncio.run(page()))


VIEWERS: list[dict[str, Any]] = [
    {
        "name": "anna",
        "trackers": {"serializd": {"email": "a@example.org", "password": "p"}, "plex": {}},
        "pairs": [{"between": ["serializd", "plex"], "plays": "both"}],
    }
]


def offered(page: Seen) -> set[str]:
    """The values of every choice."""
    return {str(option.get("value")) for option in page.all("option")}
