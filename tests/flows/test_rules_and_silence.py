"""What counts by library and media, viewings whose end nobody told, and players that tell too much."""

import pytest

from flows.home import CONFIG, Home, episode, film
from scrobbled.desk.plays import explain
from scrobbled.desk.plays.sentences import tell, text

# -- rules ------------------------------------------------------------------------------------------------------------

RULES = """
defaults:
  threshold: 90%
  rules:
    - {libraries: [Trailers, extras], count: false}
    - {media: movie, threshold: 80%, min_duration: 40m}
    - {libraries: [Shorts], min_duration: 30s}
"""


@pytest.mark.parametrize(
    ("item", "percent", "minutes", "outcome", "reason"),
    [
        (film(), 82, 100, "accepted", ""),
        (film(), 82, 39, "unwanted", "too short"),
        (episode(), 99, 4, "unwanted", "too short"),
        (episode(library=" shorts "), 99, 4, "accepted", ""),
        (episode(library="EXTRAS"), 99, 40, "unwanted", "left out by a rule"),
        (film(library="Trailers"), 99, 100, "unwanted", "left out by a rule"),
    ],
)
async def test_the_first_rule_that_fits_says_what_counts(
    home: Home, item: dict[str, object], percent: float, minutes: float, outcome: str, reason: str
) -> None:
    home.restart(CONFIG + RULES)
    taken = await home.hear("plex", "stop", item, percent, minutes=minutes)
    assert (taken.outcome, taken.reason, len(taken.plays)) == (outcome, reason, int(outcome == "accepted"))


async def test_a_rule_says_nothing_of_what_does_not_fit_it(home: Home) -> None:
    home.restart(CONFIG + RULES)
    assert not (await home.hear("plex", "stop", episode(), 85)).plays


async def test_a_viewer_comes_before_the_source_and_that_before_the_house(home: Home) -> None:
    config = CONFIG.replace("a-webhook-token-0815", "a-webhook-token-0815, rules: [{media: movie, threshold: 70%}]")
    home.restart(config + RULES)
    assert (await home.hear("plex", "stop", film(), 72, minutes=100)).plays
    assert not (await home.hear("jellyfin", "stop", film("Other"), 72, minutes=100)).plays
    home.restart(config + "    threshold: 95%\n" + RULES)
    assert not (await home.hear("plex", "stop", film("Third"), 90, minutes=100)).plays
    home.restart(config + "    threshold: 95%\n    rules: [{libraries: [Films], threshold: 50%}]\n" + RULES)
    assert (await home.hear("plex", "stop", film("Fourth", library="films"), 60, minutes=100)).plays
    assert not (await home.hear("plex", "stop", film("Fifth"), 60, minutes=100)).plays


async def test_a_replay_judges_by_the_rules_as_well(home: Home) -> None:
    await home.hear("plex", "stop", film(), 82, minutes=100)
    await home.hear("plex", "stop", film("Other", library="Trailers"), 99, minutes=100)
    home.restart(CONFIG + RULES)
    report = await home.replay()
    assert [play.label for play in report.plays] == ["Harbour Atlas (2019)"]


# -- silence ----------------------------------------------------------------------------------------------------------


async def story(home: Home, asked: str) -> str:
    return await home.store.read(lambda db: text(tell(explain(db, home.config, asked))))


@pytest.mark.parametrize("last", ["progress", "pause", "resume"])
async def test_a_viewing_whose_end_was_never_told_is_a_play_at_its_last_word(home: Home, last: str) -> None:
    await home.hear("jellyfin", "start", percent=0)
    await home.hear("jellyfin", last, percent=93, after=42)
    said = home.minutes(0)
    home.clock.advance(32 * 60)
    assert await home.watchdog.look() == 0, "3 minutes were left, and half an hour is patience"
    home.clock.advance(2 * 60)
    home.restart()
    home.woken.clear()
    assert await home.watchdog.look() == 1
    assert await home.sql("SELECT event_id, watched_at, duration_ms FROM plays") == [(2, int(said), 2_700_000)]
    assert home.woken == [frozenset({("anna", "trakt"), ("anna", "serializd")})]
    assert await home.watchdog.look() == 0
    assert "No end was told after it, so it was taken for the end. This made p1." in await story(home, "p1")


@pytest.mark.parametrize("percent", [0, 50, 89.9, None])
async def test_one_that_was_not_far_enough_just_ends(home: Home, percent: float | None) -> None:
    await home.hear("jellyfin", "start", percent=percent)
    home.clock.advance(2 * 3600)
    assert await home.watchdog.look() == 0
    assert await home.sql("SELECT silent_at FROM sessions") == [(None,)]
    assert (await home.hear("jellyfin", "watched", percent=100, after=1)).plays


async def test_of_unknown_length_it_is_waited_for_longer(home: Home) -> None:
    await home.hear("jellyfin", "progress", percent=95, minutes=None)
    home.clock.advance(4 * 3600)
    assert await home.watchdog.look() == 0
    home.clock.advance(31 * 60)
    assert await home.watchdog.look() == 1


async def test_the_stop_that_comes_in_the_morning_after_all_is_no_second_play(home: Home) -> None:
    await home.hear("jellyfin", "start", percent=0)
    await home.hear("jellyfin", "pause", percent=95, after=43)
    home.clock.advance(3600)
    assert await home.watchdog.look() == 1
    late = await home.hear("jellyfin", "stop", percent=96, after=9 * 60)
    assert late.outcome == "duplicate"
    home.clock.advance(86_400)
    assert await home.watchdog.look() == 0


async def test_what_was_seen_to_end_is_not_closed_once_more(home: Home) -> None:
    await home.hear("jellyfin", "watched", percent=90)
    await home.hear("jellyfin", "resume", percent=91, after=1)
    home.clock.advance(86_400)
    assert await home.watchdog.look() == 0
    assert len(await home.plays()) == 1


async def test_what_another_source_saw_end_is_not_closed_as_a_second_play(home: Home) -> None:
    await home.hear("jellyfin", "start", percent=0)
    await home.hear("jellyfin", "progress", percent=95, after=43)
    await home.hear("plex", "watched", percent=95, after=1)
    home.clock.advance(86_400)
    assert await home.watchdog.look() == 0
    assert await home.plays() == [("anna", "plex")]


async def test_one_that_goes_on_is_left_alone(home: Home) -> None:
    await home.hear("jellyfin", "progress", percent=93)
    for _ in range(5):
        await home.hear("jellyfin", "progress", percent=93.5, after=25)
        assert await home.watchdog.look() == 0


async def test_one_whose_message_is_no_longer_kept_just_ends(home: Home) -> None:
    await home.hear("jellyfin", "progress", percent=95)
    await home.store.write(lambda db: db.execute("UPDATE events SET raw = NULL, stem_id = NULL"))
    home.clock.advance(86_400)
    assert await home.watchdog.look() == 0


async def test_one_that_nobody_claims_any_more_just_ends(home: Home) -> None:
    await home.hear("jellyfin", "progress", percent=95)
    home.restart(CONFIG.replace("jellyfin: anna", "jellyfin: carol"))
    home.clock.advance(86_400)
    assert await home.watchdog.look() == 0


async def test_one_that_cannot_be_closed_keeps_no_other_open(home: Home) -> None:
    """Something in the database that no version of ours wrote."""
    for number in (1, 2, 3):
        await home.hear("plex", "play", episode(number), 0)
        await home.hear("plex", "pause", episode(number), 95)
    await home.sql("UPDATE sessions SET state = 'broken' WHERE key = (SELECT min(key) FROM sessions)")
    home.clock.advance(24 * 3600)
    assert await home.watchdog.look() == 2
    assert await home.watchdog.look() == 0
    assert await home.sql("SELECT count(*) FROM sessions WHERE silent_at IS NOT NULL") == [(0,)]


async def test_many_are_closed_in_one_look_and_a_replay_adds_none(home: Home) -> None:
    for number in range(1, 121):
        await home.hear("jellyfin", "progress", episode(number), 95)
    home.clock.advance(86_400)
    assert await home.watchdog.look() == 120
    assert (await home.replay()).plays == []
    home.clock.advance(86_400)
    assert await home.watchdog.look() == 0


# -- progress ---------------------------------------------------------------------------------------------------------


async def test_a_player_that_tells_every_second_is_stored_once_a_minute(home: Home) -> None:
    ids = set()
    for second in range(180):
        taken = await home.hear("jellyfin", "progress", percent=10 + second / 27, after=1 / 60)
        ids.add(taken.event_id)
        assert taken.outcome == "accepted"
    assert ids == {1, 2, 3}
    assert await home.sql("SELECT count(*) FROM events") == [(3,)]


@pytest.mark.parametrize("percent", [10, 60])
async def test_whoever_jumps_is_heard_at_once(home: Home, percent: float) -> None:
    await home.hear("jellyfin", "progress", percent=50)
    assert (await home.hear("jellyfin", "progress", percent=percent)).event_id == 2


async def test_other_people_titles_and_events_are_heard_at_once(home: Home) -> None:
    await home.hear("jellyfin", "progress", percent=50)
    assert (await home.hear("jellyfin", "progress", percent=50, account="ben")).event_id == 2
    assert (await home.hear("jellyfin", "progress", episode(2), 50)).event_id == 3
    assert (await home.hear("jellyfin", "pause", percent=50)).event_id == 4
    assert (await home.hear("jellyfin", "progress", percent=50)).event_id == 5


async def test_the_stop_after_progress_that_was_not_stored_still_counts(home: Home) -> None:
    await home.hear("jellyfin", "start", percent=0)
    for second in range(60):
        await home.hear("jellyfin", "progress", percent=88 + second / 20, after=1 / 60)
    assert (await home.hear("jellyfin", "stop", percent=92)).plays


async def test_an_event_that_wants_a_rating_changed_tells_so(home: Home) -> None:
    await home.hear("plex", "rated", rating=8)
    told = await story(home, "e1")
    assert "It is no play, but changes something. Trakt: rating 8, queued; Serializd: rating 8, queued." in told
    assert "At Trakt for anna: rating 8 (a1): queued. Rated on plex." in told
    assert (await story(home, "a2")).splitlines()[0] == told.splitlines()[0]
