"""Tautulli tells what it sees at the sandbox's Plex; Kodi tells what it plays."""

import pytest

from conftest import FakeClock
from sandbox.media_house import MediaHouse
from scrobbled.sandbox.plex.people import BEN

LISTENER = "http://scrobbled.local/webhooks/any/secret"


@pytest.fixture
def tautulli(clock: FakeClock) -> MediaHouse:
    return MediaHouse("tautulli", clock, "plex")


@pytest.fixture
def kodi(clock: FakeClock) -> MediaHouse:
    return MediaHouse("kodi", clock)


def test_watching_at_plex_makes_tautulli_tell_with_strings_only(tautulli: MediaHouse) -> None:
    tautulli.ask("POST", "/_sandbox/hooks", json={"urls": [LISTENER]})
    plex, show = tautulli.sandbox["plex"], tautulli.world.shows[0]
    done = tautulli.do(plex.watch(plex.library.find(f"{show.title} S1E2"), BEN))
    assert [row["action"] for row in tautulli.told] == ["play", "pause", "resume", "watched", "stop"]
    watched = tautulli.told[3]
    assert watched["media"]["tmdb"] == str(show.tmdb)
    assert (watched["media"]["episode"], watched["user"]["id"], watched["progress"]["percent"]) == (
        "2",
        "41220078",
        "90",
    )
    assert watched["at"] == str(int(tautulli.clock.now().timestamp()))
    assert [one.event for one in done] == [f"tautulli.{row['action']}" for row in tautulli.told]


def test_it_calls_something_watched_once_for_each_session_at_85_percent(tautulli: MediaHouse) -> None:
    tautulli.server.hook(LISTENER, "watchstate")
    plex = tautulli.sandbox["plex"]
    film = plex.library.find(tautulli.world.movies[0].title)
    for _ in range(2):
        tautulli.do(plex.watch(film, BEN, events=["play", "stop"]))
    assert [row["event"] for row in tautulli.told] == 2 * ["tautulli.play", "tautulli.watched", "tautulli.stop"]
    assert tautulli.told[0]["Metadata"]["Guids"]["imdb"] == tautulli.world.movies[0].imdb


def test_its_test_button_sends_the_template_itself(tautulli: MediaHouse) -> None:
    tautulli.server.hook(LISTENER)
    tautulli.ask("POST", "/_sandbox/test")
    assert tautulli.told[0]["action"] == "{action}"


def test_kodi_tells_a_viewing_without_saying_whose(kodi: MediaHouse) -> None:
    kodi.ask("POST", "/_sandbox/hooks", json={"urls": [LISTENER]})
    show = kodi.world.shows[0]
    assert kodi.ask("POST", "/_sandbox/watch", json={"title": f"{show.title} S1E1"}).status_code == 200
    assert [row["event"] for row in kodi.told] == ["start", "pause", "resume", "end"]
    end = kodi.told[3]
    assert (end["mediaType"], end["tvShowTitle"], end["season"], end["episode"]) == ("episode", show.title, 1, 1)
    assert (end["duration"], end["progress"]) == (45 * 60, {"time": 45 * 60, "percent": 100.0})
    assert end["tvShowUniqueIds"]["tmdb"] == str(show.tmdb)
    assert len({row["sessionId"] for row in kodi.told}) == 1
    assert kodi.server.playcounts
    assert kodi.ask("POST", "/_sandbox/watch", json={"title": "x"}).status_code == 400
