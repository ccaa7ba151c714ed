"""What the stand-ins of media servers send is what our sources understand: the right kinds, ids, people and times."""

import json
from datetime import timedelta

import pytest

from conftest import FakeClock
from sandbox.media_house import MediaHouse
from scrobbled.core.naming.items import Episode, Movie
from scrobbled.core.watching.events import EventKind, PlaybackEvent
from scrobbled.sandbox.plex.people import BEN
from scrobbled.sandbox.tautulli import app
from scrobbled.sources import SOURCES
from scrobbled.sources.tautulli_templates import TEMPLATE

LISTENER = "http://scrobbled.local/webhooks/any/secret"
FORMS = [
    ("jellyfin", "json"),
    ("jellyfin", "text"),
    ("jellyfin", "form"),
    ("jellyfin", "default"),
    ("jellyfin", "plex"),
    ("emby", "form"),
    ("emby", "json"),
]


def understood(house: MediaHouse) -> list[PlaybackEvent]:
    """Every event that is not ignored."""
    parsed = [event for row in house.told for event in SOURCES[house.name].parse(row, house.clock.now())]
    return [event for event in parsed if event.kind is not EventKind.IGNORED]


@pytest.mark.parametrize(("name", "form"), FORMS)
@pytest.mark.parametrize("title", ["Harbour Lights S1E2", "film"])
def test_a_viewing_is_understood_in_every_form(clock: FakeClock, name: str, form: str, title: str) -> None:
    house = MediaHouse(name, clock)
    house.server.hook(LISTENER, form)
    item = house.server.library.find(house.world.movies[0].title if title == "film" else title)
    house.do(house.server.watch(item, "ben"))
    events = understood(house)
    kinds = {event.kind for event in events}
    assert {EventKind.START, EventKind.PAUSE, EventKind.WATCHED} <= kinds
    assert EventKind.UNWATCHED not in kinds
    assert {event.account.name for event in events} == {"ben"}
    (watched, *_) = [event for event in events if event.kind in (EventKind.WATCHED, EventKind.STOP)]
    assert abs(watched.occurred_at - clock.now()) < timedelta(minutes=10)
    if item.movie:
        assert isinstance(watched.item, Movie)
        assert watched.item.ids.imdb == item.movie.imdb
    elif form == "plex":
        assert isinstance(watched.item, Episode)
        assert watched.item.show_ids.tvdb == item.show.tvdb
    else:
        assert isinstance(watched.item, Episode)
        assert watched.item.ids.tvdb == item.episode.tvdb
        assert (watched.item.season, watched.item.number) == (1, 2)


@pytest.mark.parametrize(("name", "form"), FORMS)
def test_a_start_given_up_is_watched_in_no_form(clock: FakeClock, name: str, form: str) -> None:
    house = MediaHouse(name, clock)
    house.server.hook(LISTENER, form)
    house.do(house.server.watch(house.server.library.find(house.world.movies[0].title), "ben", until=0.3))
    assert EventKind.WATCHED not in {event.kind for event in understood(house)}


@pytest.mark.parametrize(("name", "form"), [pair for pair in FORMS if pair[1] != "plex"])
def test_a_mark_is_told_from_a_viewing(clock: FakeClock, name: str, form: str) -> None:
    house = MediaHouse(name, clock)
    house.server.hook(LISTENER, form)
    film = house.server.library.find(house.world.movies[0].title)
    house.do(house.server.mark(film, "ben"))
    house.do(house.server.mark(film, "ben", played=False))
    assert [(event.kind, event.marked) for event in understood(house)] == [
        (EventKind.WATCHED, True),
        (EventKind.UNWATCHED, True),
    ]


@pytest.mark.parametrize(("name", "form"), [("jellyfin", "json"), ("jellyfin", "form"), ("emby", "form")])
def test_a_rating_is_understood(clock: FakeClock, name: str, form: str) -> None:
    house = MediaHouse(name, clock)
    house.server.hook(LISTENER, form)
    house.do(house.server.rate(house.server.library.find(house.world.movies[0].title), "ben", 8))
    assert [(event.kind, event.rating) for event in understood(house)] == [(EventKind.RATED, 8)]


@pytest.mark.parametrize("template", ["scrobbled", "watchstate"])
def test_what_tautulli_sends_is_understood_with_ids_of_the_show(clock: FakeClock, template: str) -> None:
    house = MediaHouse("tautulli", clock, "plex")
    house.server.hook(LISTENER, template)
    plex, show = house.sandbox["plex"], house.world.shows[0]
    house.do(plex.watch(plex.library.find(f"{show.title} S1E2"), BEN))
    events = understood(house)
    assert [event.kind.value for event in events] == ["start", "pause", "resume", "watched", "stop"]
    item = events[3].item
    assert isinstance(item, Episode)
    assert (item.show_ids.tmdb, item.ids.tmdb, item.season, item.number) == (show.tmdb, None, 1, 2)
    assert events[3].account.id == str(BEN.id)


def test_tautullis_template_is_the_one_we_hand_out() -> None:
    assert json.loads(TEMPLATE) == app.TEMPLATE


def test_what_kodi_sends_is_understood(clock: FakeClock) -> None:
    house = MediaHouse("kodi", clock)
    house.server.hooks = [LISTENER]
    show = house.world.shows[0]
    house.do(house.server.watch(house.server.library.find(f"{show.title} S1E2")))
    events = understood(house)
    assert events[0].kind is EventKind.START
    assert isinstance(events[0].item, Episode)
    assert (events[0].item.ids.tvdb, events[0].item.show_ids.tmdb) == (show.episode(1, 2).tvdb, show.tmdb)
    assert events[-1].kind is EventKind.WATCHED
