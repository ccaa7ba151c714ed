"""Whoever tells of a viewing, and however many do: it is one play, and a true second viewing is a second."""

import time
from typing import Any

from flows.home import Home, episode, film


async def test_two_servers_that_hold_the_same_episode_make_one_play(home: Home) -> None:
    first = await home.hear("plex", "watched", episode(ids={"tvdb": 5}))
    second = await home.hear("jellyfin", "watched", episode(ids={"imdb": "tt5"}, title="Part One"), after=2)
    assert (first.outcome, second.outcome, second.reason) == (
        "accepted",
        "duplicate",
        "this viewing is play p1 already",
    )
    assert await home.plays() == [("anna", "plex")]


async def test_ids_that_contradict_each_other_are_two_episodes(home: Home) -> None:
    await home.hear("plex", "watched", episode(ids={"tvdb": 5}))
    await home.hear("jellyfin", "watched", episode(ids={"tvdb": 6}), after=2)
    assert await home.plays() == [("anna", "plex"), ("anna", "jellyfin")]


async def test_two_films_of_one_name_and_another_year_are_two(home: Home) -> None:
    await home.hear("plex", "watched", film())
    await home.hear("jellyfin", "watched", film(year=1954), after=2)
    assert len(await home.plays()) == 2


async def test_what_somebody_else_watched_at_that_time_is_theirs(home: Home) -> None:
    text = home.text.replace("jellyfin: anna,", "jellyfin: [],")
    home.restart(text + "  - {name: ben, accounts: {jellyfin: ben}, trackers: {trakt: {client_id: a}}}\n")
    await home.hear("plex", "watched")
    await home.hear("jellyfin", "watched", account="ben")
    assert await home.plays() == [("anna", "plex"), ("ben", "jellyfin")]


async def test_a_poll_that_finds_a_viewing_the_webhook_told_of_adds_nothing(home: Home) -> None:
    await home.hear("jellyfin", "start", percent=0)
    await home.hear("jellyfin", "watched", percent=100, after=45)
    found = await home.hear("jellyfin", "watched", at=home.minutes(-1), entered=True, after=600)
    other = await home.hear("emby", "watched", at=home.minutes(-601), entered=True)
    assert (found.outcome, other.outcome) == ("duplicate", "duplicate")
    assert len(await home.plays()) == 1


async def test_a_second_viewing_is_a_second_play_whoever_tells_first(home: Home) -> None:
    for first, second in (("plex", "tautulli"), ("tautulli", "plex")):
        for source in (first, second):
            await home.hear(source, "start", percent=0)
        await home.hear(first, "watched", percent=90, after=41)
        await home.hear(second, "watched", percent=90, after=0.2)
        for source in (first, second):
            await home.hear(source, "stop", percent=99, after=2)
    assert [source for _, source in await home.plays()] == ["plex", "tautulli"]


async def test_who_pauses_in_the_credits_until_morning_watched_once_although_another_source_counted_it(
    home: Home,
) -> None:
    await home.hear("plex", "start", percent=0)
    await home.hear("jellyfin", "start", percent=0)
    await home.hear("plex", "watched", percent=90, after=41)
    await home.hear("jellyfin", "pause", percent=96, after=3)
    await home.hear("jellyfin", "stop", percent=96, after=9 * 60)
    assert len(await home.plays()) == 1


async def test_who_watches_again_the_next_day_on_another_server_watched_twice(home: Home) -> None:
    await home.hear("jellyfin", "start", percent=0)
    await home.hear("jellyfin", "stop", percent=10, after=5)
    await home.hear("plex", "watched", percent=90, after=60)
    await home.hear("jellyfin", "start", percent=0, after=20 * 60)
    await home.hear("jellyfin", "stop", percent=97, after=44)
    assert [source for _, source in await home.plays()] == ["plex", "jellyfin"]


async def test_replaying_everything_adds_nothing_to_what_several_sources_told(home: Home) -> None:
    await home.hear("plex", "start", percent=0)
    await home.hear("tautulli", "start", percent=0)
    await home.hear("tautulli", "watched", percent=90, after=41)
    await home.hear("plex", "watched", percent=90)
    await home.hear("jellyfin", "watched", at=home.minutes(-2), entered=True, after=300)
    before = [await home.sql("SELECT id, outcome, reason FROM events"), await home.plays()]
    report = await home.replay()
    assert report.plays == []
    assert [await home.sql("SELECT id, outcome, reason FROM events"), await home.plays()] == before


async def test_looking_for_a_twin_costs_little_among_thousands_of_plays_of_one_minute(home: Home) -> None:
    at = int(home.minutes(0))

    def fill(db: Any) -> None:
        db.executemany(
            "INSERT INTO plays (viewer, source, media, label, item, watched_at, created_at) "
            "VALUES ('anna', 'trakt', 'episode', ?, ?, ?, ?)",
            [(f"x{n}", f'{{"show_title":"x","season":1,"number":{n}}}', at + n % 60, at) for n in range(20_000)],
        )

    await home.store.write(fill)
    began = time.process_time()
    for number in range(50):
        await home.hear("plex", "watched", episode(number))
    assert len(await home.sql("SELECT 1 FROM plays WHERE source = 'plex'")) == 50
    assert (time.process_time() - began) / 50 < 0.05


async def test_a_title_watched_at_an_unknown_time_is_one_play_from_two_servers(home: Home) -> None:
    first = await home.hear("jellyfin", "watched", dated=False, entered=True, marked=True)
    second = await home.hear("emby", "watched", dated=False, entered=True, marked=True)
    assert (first.outcome, second.outcome) == ("accepted", "duplicate")


async def test_a_mark_without_a_time_says_nothing_new_of_what_was_watched(home: Home) -> None:
    await home.hear("jellyfin", "watched", percent=100)
    mark = await home.hear("jellyfin", "watched", dated=False, entered=True, marked=True, after=60)
    assert (mark.outcome, mark.reason) == (
        "duplicate",
        "it is marked as watched, and a viewing of it is a play already",
    )
