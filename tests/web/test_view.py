"""The sentence on top, the cards of the first page, and the words for times."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from scrobbled.core import standing
from scrobbled.core.naming.items import Episode, Movie
from scrobbled.core.standing import AccountStanding, PairStanding
from scrobbled.desk import words
from scrobbled.desk.desk import NowFacts
from scrobbled.desk.facts import standings
from scrobbled.desk.facts.house import AccountStatus, Glance
from scrobbled.desk.facts.on_screen import OnScreen
from scrobbled.desk.facts.plays import DeliveryStory, PlayStory
from scrobbled.web.view.headline import headline
from scrobbled.web.view.now import place, screens, subtitle, ways

NOW = datetime(2026, 11, 14, 21, 0, tzinfo=UTC)
GLANCE = Glance([], {}, [])
PLAY = PlayStory("p1", "e1", "anna", "plex", "movie", "Film", "Film", None, None, None, None, None, NOW.isoformat(), [])


SINCE = "2026-11-14T19:40:00+00:00"


def account(tracker: str, state: str = "ok", viewer: str = "anna", **counts: int) -> AccountStatus:
    waiting = sum(counts.values())
    stands = standing.account(_of(viewer, tracker, state, counts))
    return AccountStatus(viewer, tracker, True, state, "", SINCE, None, counts, waiting, None, stands)


def _of(viewer: str, tracker: str, state: str, counts: Mapping[str, int]) -> AccountStanding:
    return AccountStanding(viewer, tracker, state, "", standing.load(counts), tracker != "plex", SINCE)


def delivery(tracker: str, outcome: str, reason: str) -> DeliveryStory:
    return DeliveryStory("c1", tracker, outcome, "", reason, "", "", False, None, None)


def said(
    *accounts: AccountStatus, pairs: Sequence[PairStanding] = (), asks: int = 0, plays: int = 0, **counts: int
) -> tuple[str, list[str], str]:
    at = (NOW - timedelta(minutes=4)).isoformat()
    stood = standings.Standings(
        [_of(row.viewer, row.tracker, row.state, row.counts) for row in accounts], list(pairs), NOW.timestamp()
    )
    facts = NowFacts(replace(GLANCE, trackers=list(accounts)), stood, counts, [replace(PLAY, watched_at=at)] * plays)
    found = headline(facts, asks, NOW)
    return found.sentence.plain, [piece.plain for piece in found.details], found.tone


def test_all_is_well() -> None:
    trackers = (account("trakt"), account("serializd"), account("trakt", viewer="ben"))
    calm = ["last play 4 min ago", "0 waiting", "nothing needs you"]
    assert said(*trackers, plays=1) == ("All 3 trackers are connected", calm, "ok")
    assert said(*trackers[:2])[0] == "Both trackers are connected"
    assert said(*trackers[:1])[0] == "Trakt is connected"


def test_an_outage_says_since_when_and_that_nothing_is_lost() -> None:
    down = account("serializd", "down", queued=4)
    sentence, details, tone = said(down, account("trakt"), queued=4)
    assert sentence == "Serializd is down since 19:40: 4 plays wait, nothing is lost"
    assert details[0] == "4 waiting"
    assert tone == "down"
    both = said(account("serializd", "down", queued=1), account("trakt", "down"))[0]
    assert both == "Serializd and Trakt are down since 19:40: 1 play waits, nothing is lost"
    held = said(account("serializd", "down", queued=1, held=64))[0]
    assert held == "Serializd is down since 19:40: 1 play waits, nothing is lost", "the others wait for a person"
    assert said(account("trakt", "down"))[0] == "Trakt is down since 19:40: no play waits, nothing is lost"


def test_what_needs_somebody_comes_first_and_the_outage_after_it() -> None:
    sentence, details, tone = said(account("trakt", "down"), account("serializd", "sign-in"), asks=3, dead=1, held=1)
    assert (sentence, tone) == ("3 things need you", "need")
    assert details[0].startswith("Trakt is down since")
    assert said(account("trakt"), asks=1, unmatched=1)[0] == "1 thing needs you"


def test_plays_on_their_way_are_no_trouble() -> None:
    sentence, details, _ = said(account("trakt", queued=2), queued=2)
    assert (sentence, details[0]) == ("2 changes are on their way", "2 waiting")
    assert said(account("trakt", parked=2), plays=1, parked=2)[1][1:] == ["2 waiting", "nothing needs you"]


def test_before_anything_happened() -> None:
    assert said()[0] == "No tracker is set up yet"
    assert said(account("trakt", "new"))[0] == "Getting to know 1 tracker"
    assert said(account("trakt", "new"), account("serializd"))[0] == "1 of 2 trackers connected"


def test_an_account_that_is_not_delivered_to_counts_for_nothing() -> None:
    assert said(account("trakt"), account("plex", "new"))[0] == "Trakt is connected"


PAIR = PairStanding(
    AccountStanding("anna", "trakt", "ok"), AccountStanding("anna", "serializd", "ok"), outcome="done", compared=True
)


@pytest.mark.parametrize(
    ("change", "sentence", "tone"),
    [
        ({}, "Trakt and Serializd are in step", "ok"),
        ({"is_on": False}, "Trakt and Serializd: nothing is switched on", "calm"),
        ({"outcome": "failed"}, "Trakt and Serializd could not be compared", "down"),
        ({"outcome": "", "compared": False}, "Trakt and Serializd were not compared yet", "calm"),
    ],
)
def test_the_first_line_takes_pairs_into_account(change: dict[str, Any], sentence: str, tone: str) -> None:
    both = account("trakt"), account("serializd")
    assert (said(*both, pairs=[replace(PAIR, **change)])[::2]) == (sentence, tone)


def test_what_needs_somebody_does_not_hide_how_the_pair_stands() -> None:
    waits = replace(PAIR, outcome="approval", planned={"serializd add plays": 2_988})
    sentence, details, tone = said(account("trakt"), account("serializd"), pairs=[waits], asks=1)
    assert (sentence, tone) == ("1 thing needs you", "need")
    assert details[0] == "Trakt and Serializd: 2,988 plays are missing, and the plan needs your approval"


def test_episodes_are_named_down_to_zero() -> None:
    special = replace(PLAY, media="episode", season=0, number=0, episode_title="Pilot")
    assert (place(special), subtitle(special)) == ("S0 E0", "Pilot")


def on(**told: Any) -> OnScreen:
    item = Episode("Harbour", 2, 5, title="Low Tide")
    usual = {"viewer": "anna", "source": "plex", "item": item, "event_id": 7, "position_ms": 600_000}
    usual |= {"duration_ms": 1_500_000, "paused": False, "heard_at": NOW.timestamp() - 120}
    return OnScreen(**{**usual, **told})


def test_what_is_on_screen_goes_on_since_it_was_heard_of() -> None:
    (one,) = screens([on()], NOW)
    assert (one.title, one.place, one.subtitle, one.viewers) == ("Harbour", "S2 E5", "Low Tide", "anna")
    assert (one.position, one.length, one.left) == (720, 1500, "13 minutes left")
    (paused,) = screens([on(paused=True)], NOW)
    assert (paused.position, paused.left) == (600, "15 minutes left")
    (over,) = screens([on(heard_at=NOW.timestamp() - 3_600)], NOW)
    assert (over.position, over.left) == (1500, "0 minutes left")


def test_what_is_watched_together_is_on_screen_once() -> None:
    found = screens([on(viewer="ben"), on(), on(viewer="cleo", event_id=9)], NOW)
    assert [one.viewers for one in found] == ["anna and ben", "cleo"]


def test_without_a_length_nothing_is_made_up() -> None:
    (one,) = screens([on(duration_ms=None, position_ms=None, item=Movie("Salt Flats", 2019))], NOW)
    assert (one.place, one.subtitle, one.length, one.left) == ("Film", "2019", 0, "")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (30, "1 minute"),
        (3_599, "59 minutes"),
        (3_600, "1 hour"),
        (86_400, "1 day"),
        (45 * 86_400, "45 days"),
        (340 * 86_400, "11 months"),
    ],
)
def test_how_long_something_lasts_is_said_roughly(seconds: int, text: str) -> None:
    assert words.span(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-365 * 86400, "14 Nov 2027"),
        (-5, "just now"),
        (59, "just now"),
        (60, "1 min ago"),
        (3599, "59 min ago"),
        (3600, "1 h ago"),
        (86399, "23 h ago"),
        (86400, "13 Nov"),
        (400 * 86400, "10 Oct 2025"),
    ],
)
def test_times_are_relative_for_a_day_and_then_a_date(seconds: int, text: str) -> None:
    assert words.ago(NOW - timedelta(seconds=seconds), NOW) == text


def test_a_day_that_is_still_to_come_is_not_called_today() -> None:
    assert words.day(NOW, NOW, evening=False) == "Today"
    assert words.day(NOW + timedelta(days=365), NOW, evening=False) == "Sunday 14 November 2027, still to come"


def test_counts_and_names_are_said_as_people_do() -> None:
    assert words.plural(1, "play") == "1 play"
    assert words.plural(1204, "play") == "1,204 plays"
    assert words.joined(["a", "b", "c"]) == "a, b and c"
    assert words.name("anilist") == "AniList"
    assert words.name("other") == "Other"


def test_a_reason_that_is_the_same_everywhere_is_said_once() -> None:
    held, other = delivery("serializd", "held", "too many"), delivery("trakt", "held", "too many")
    assert [way.reason for way in ways(replace(PLAY, deliveries=[held, other]))] == ["", "Too many."]
    apart = replace(PLAY, deliveries=[held, delivery("trakt", "dead", "too many")])
    assert [way.reason for way in ways(apart)] == ["Too many."] * 2
