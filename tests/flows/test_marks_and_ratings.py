"""What people say beside watching: marks, ratings, and that something was not watched after all."""

import pytest

from flows.home import Home, episode, film
from scrobbled.desk.needs import floods as deciding
from scrobbled.store.queue import floods

PAIR = "    pairs: [{between: [trakt, serializd], removals: %s}]\n"


def marks(home: Home, how: str) -> None:
    home.restart(home.text.replace("token: a-webhook-token-0817", f"token: a-webhook-token-0817, marks: {how}"))


MARK = {"entered": True, "marked": True}


# -- marks ------------------------------------------------------------------------------------------------------------


async def test_a_mark_is_a_play_at_its_time_and_waits_a_moment_for_others(home: Home) -> None:
    await home.hear("jellyfin", "watched", at=home.minutes(0), **MARK)
    assert [row[1] for row in await home.outbox()] == ["queued", "queued"]
    waits = await home.sql("SELECT DISTINCT next_at FROM outbox")
    assert waits == [(home.minutes(0) + 10.0,)]


async def test_a_mark_without_a_time_is_held(home: Home) -> None:
    await home.hear("jellyfin", "watched", dated=False, **MARK)
    assert await home.outbox() == [("serializd", "held", "no-date"), ("trakt", "held", "no-date")]


@pytest.mark.parametrize("dated", [True, False])
async def test_a_season_that_is_marked_is_held_as_one_thing(home: Home, dated: bool) -> None:
    for number in range(1, 11):
        at = {"at": home.minutes(0)} if dated else {"dated": False}
        await home.hear("jellyfin", "watched", episode(number), after=0.02, **MARK, **at)
    assert {row[1] for row in await home.outbox()} == {"held"}
    open_ = await home.store.read(floods.undecided)
    assert [(flood.tracker, flood.plays, flood.held) for flood in open_] == [("trakt", 10, 10), ("serializd", 10, 10)]
    assert "10 titles were marked as watched together" in open_[0].reason
    assert "marks: tick" in open_[0].reason


async def test_what_is_really_watched_meanwhile_goes_on(home: Home) -> None:
    for number in range(2, 40):
        await home.hear("jellyfin", "watched", episode(number), at=home.minutes(0), **MARK)
    await home.hear("plex", "watched", film())
    assert await home.sql("SELECT state FROM outbox WHERE tracker = 'trakt' ORDER BY id DESC LIMIT 1") == [("queued",)]


async def test_marks_that_say_their_own_times_are_plays(home: Home) -> None:
    for number in range(1, 11):
        await home.hear("jellyfin", "watched", episode(number), at=home.minutes(-1440 * number), **MARK)
    assert {row[1] for row in await home.outbox()} == {"queued"}


async def test_marks_of_a_whole_evening_one_after_the_other_are_plays(home: Home) -> None:
    for number in range(1, 6):
        await home.hear("jellyfin", "watched", episode(number), at=home.minutes(30), after=30, **MARK)
    assert {row[1] for row in await home.outbox()} == {"queued"}


@pytest.mark.parametrize(("decision", "state"), [("approve", "queued"), ("drop", "undone")])
async def test_the_marks_of_a_season_are_decided_on_together(home: Home, decision: str, state: str) -> None:
    for number in range(1, 6):
        await home.hear("jellyfin", "watched", episode(number), at=home.minutes(0), **MARK)
    named = deciding.chosen(["f1", "f2"])
    await home.store.write(lambda db: deciding.act(db, decision, named, home.minutes(0)))
    assert {row[1] for row in await home.outbox()} == {state}


async def test_marks_that_are_to_be_ticked_off_are_no_plays(home: Home) -> None:
    marks(home, "tick")
    taken = await home.hear("jellyfin", "watched", **MARK)
    assert await home.plays() == []
    assert await home.amendments() == [("serializd", "plays", "tick", "", "queued")]
    assert taken.reason == "ticked off at serializd; trakt cannot do that without a date"
    assert home.woken == [frozenset({("anna", "serializd")})]
    again = await home.hear("jellyfin", "watched", **MARK, after=1)
    assert (again.outcome, len(await home.amendments())) == ("accepted", 1)


async def test_a_mark_that_nobody_can_tick_off_says_so(home: Home) -> None:
    marks(home, "tick")
    taken = await home.hear("jellyfin", "watched", film(), **MARK)
    assert (taken.outcome, taken.reason) == ("unwanted", "no tracker ticks off without a date")


async def test_what_was_watched_is_not_ticked_off_once_more(home: Home) -> None:
    marks(home, "tick")
    await home.hear("jellyfin", "watched", percent=100)
    taken = await home.hear("jellyfin", "watched", **MARK)
    assert (taken.outcome, await home.amendments()) == ("duplicate", [])


async def test_marks_can_be_ignored_and_viewings_still_count(home: Home) -> None:
    marks(home, "ignore")
    for kind in ("watched", "unwatched"):
        taken = await home.hear("jellyfin", kind, **MARK)
        assert (taken.outcome, taken.reason) == ("unwanted", "marks are switched off")
    assert (await home.hear("jellyfin", "watched")).plays
    assert (await home.hear("plex", "watched", episode(2), **MARK)).plays, "of other sources they count"


@pytest.mark.parametrize("how", ["tick", "ignore"])
async def test_marks_that_are_no_plays_are_none_when_they_are_run_again(home: Home, how: str) -> None:
    marks(home, how)
    await home.hear("jellyfin", "watched", **MARK)
    await home.hear("jellyfin", "unwatched", **MARK, after=1)
    before = await home.sql("SELECT outcome, reason FROM events ORDER BY id")
    assert (await home.replay()).plays == []
    assert await home.sql("SELECT outcome, reason FROM events ORDER BY id") == before
    home.restart(home.text.replace(f"marks: {how}", "marks: play"))
    assert len((await home.replay()).plays) == 1


# -- not watched after all --------------------------------------------------------------------------------------------


async def delivered(home: Home) -> None:
    await home.store.write(
        lambda db: db.execute("UPDATE outbox SET state = 'delivered', remote_id = 'r' || id, settled_at = 1")
    )


@pytest.mark.parametrize(
    ("removals", "state"),
    [("ask", "held"), ("propagate", "queued"), ("{plays: ask, ratings: propagate}", "held")],
)
async def test_a_mark_as_not_watched_follows_the_removals_of_the_pair(home: Home, removals: str, state: str) -> None:
    home.restart(home.text + PAIR % removals)
    await home.hear("plex", "watched")
    await home.hear("plex", "watched", after=600)
    await delivered(home)
    taken = await home.hear("jellyfin", "unwatched", **MARK, after=60)
    assert taken.outcome == "accepted"
    assert await home.amendments() == [
        ("trakt", "plays", "remove", "", state),
        ("serializd", "plays", "remove", "", state),
    ]
    assert await home.sql("SELECT DISTINCT play_id, event_id FROM amendments") == [(2, 3)], "the newest only"
    assert (await home.hear("jellyfin", "unwatched", **MARK)).outcome == "accepted"
    assert len(await home.amendments()) == 2, "once"


async def test_without_a_pair_or_where_one_says_so_nothing_is_removed(home: Home) -> None:
    await home.hear("plex", "watched")
    await delivered(home)
    for text in (home.text, home.text + PAIR % "ignore", home.text + PAIR % "{ratings: propagate}"):
        home.restart(text)
        taken = await home.hear("plex", "unwatched", **MARK)
        assert (taken.outcome, taken.reason) == ("unwanted", "removals are ignored")
    assert await home.amendments() == []


async def test_what_we_did_not_write_is_never_removed(home: Home) -> None:
    home.restart(home.text + PAIR % "propagate")
    await home.hear("plex", "watched")
    await home.store.write(lambda db: db.execute("UPDATE outbox SET state = 'already-there', remote_id = 'r'"))
    for item in (episode(), episode(9)):
        taken = await home.hear("plex", "unwatched", item, **MARK)
        assert (taken.outcome, taken.reason) == ("unwanted", "no play of it is ours")
    assert await home.amendments() == []


async def test_what_was_not_sent_yet_is_not_sent_any_more(home: Home) -> None:
    home.restart(home.text + PAIR % "propagate")
    await home.hear("plex", "watched")
    await home.hear("plex", "unwatched", **MARK, after=1)
    assert [row[1] for row in await home.outbox()] == ["undone", "undone"]
    assert await home.amendments() == []


# -- ratings ----------------------------------------------------------------------------------------------------------


async def test_a_rating_goes_to_every_tracker_that_keeps_it(home: Home) -> None:
    taken = await home.hear("plex", "rated", rating=8)
    assert taken.outcome == "accepted"
    assert await home.amendments() == [
        ("trakt", "ratings", "rate", "8", "queued"),
        ("serializd", "ratings", "rate", "8", "queued"),
    ]
    assert home.woken == [frozenset({("anna", "trakt"), ("anna", "serializd")})]
    assert await home.plays() == []
    await home.hear("plex", "rated", film(), rating=6, after=1)
    assert (await home.amendments())[2:] == [("trakt", "ratings", "rate", "6", "queued")], "Serializd keeps no films"


async def test_ratings_of_shows_and_seasons_are_told_as_such(home: Home) -> None:
    show = {"show": "Harbour Lights", "show_ids": {"tmdb": 1399}}
    await home.hear("plex", "rated", show, rating=9, scope="show")
    await home.hear("plex", "rated", {**show, "season": 2}, rating=7, scope="season")
    assert await home.sql("SELECT DISTINCT key, label FROM amendments ORDER BY id") == [
        ("show:1399", "Harbour Lights"),
        ("season:1399:2", "Harbour Lights S2"),
    ]


async def test_the_same_rating_twice_is_one_and_of_several_the_last_stands(home: Home) -> None:
    await home.hear("plex", "rated", rating=8)
    again = await home.hear("plex", "rated", rating=8, after=0.1)
    assert (again.outcome, again.reason) == ("duplicate", "the same rating again")
    await home.hear("plex", "rated", rating=3, after=0.1)
    await home.hear("plex", "unrated", after=0.1)
    open_ = [row for row in await home.amendments() if row[4] == "queued"]
    assert open_ == [("trakt", "ratings", "unrate", "", "queued"), ("serializd", "ratings", "unrate", "", "queued")]


async def test_a_rating_given_again_later_is_sent_again(home: Home) -> None:
    await home.hear("plex", "rated", rating=8)
    await home.store.write(lambda db: db.execute("UPDATE amendments SET state = 'delivered'"))
    assert (await home.hear("plex", "rated", rating=8, after=0.5)).outcome == "duplicate"
    assert (await home.hear("plex", "rated", rating=8, after=60)).outcome == "accepted"


@pytest.mark.parametrize("place", ["token: a-webhook-token-0815", "defaults"])
async def test_ratings_can_be_switched_off(home: Home, place: str) -> None:
    off = (
        home.text + "defaults: {ratings: false}\n"
        if place == "defaults"
        else home.text.replace(place, f"{place}, ratings: no")
    )
    home.restart(off)
    taken = await home.hear("plex", "rated", rating=8)
    assert (taken.outcome, taken.reason) == ("unwanted", "ratings are switched off")
    assert (await home.hear("jellyfin", "rated", rating=8)).outcome == (
        "unwanted" if place == "defaults" else "accepted"
    )


async def test_a_rating_from_a_library_that_does_not_count_stays_there(home: Home) -> None:
    home.restart(home.text + "    libraries: [TV]\n")
    assert (await home.hear("plex", "rated", episode(library="Kids"), rating=8)).reason == "library"


async def test_ratings_that_are_run_again_change_nothing(home: Home) -> None:
    await home.hear("plex", "rated", rating=8)
    await home.hear("plex", "rated", rating=3, after=0.1)
    before = await home.amendments()
    await home.replay()
    assert await home.amendments() == before
    assert await home.sql("SELECT outcome FROM events") == [("accepted",), ("accepted",)]


async def test_ratings_that_were_switched_off_stay_so_when_they_are_run_again(home: Home) -> None:
    home.restart(home.text + "defaults: {ratings: false}\n")
    await home.hear("plex", "rated", rating=8)
    assert (await home.replay()).changed == 0
    assert await home.sql("SELECT reason FROM events") == [("ratings are switched off",)]


async def test_a_rating_that_waited_for_its_viewer_is_given_when_the_account_is_listed(home: Home) -> None:
    await home.hear("plex", "rated", rating=8, account="ben")
    home.restart(home.text.replace("plex: anna,", "plex: [anna, ben],"))
    assert await home.ingest.claim_waiting() == 1
    assert len(await home.amendments()) == 2
