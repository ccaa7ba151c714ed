"""Changing what a Trakt account holds: each edit once, also when its answer is lost and it is repeated."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from msgspec.structs import replace

from scrobbled.core.errors import ContractDrift, ListClosed, NotInCatalogue, Refused, TrackerError, TryLater
from scrobbled.core.kinds import Scope
from scrobbled.core.naming.ids import EpisodeIds, MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Movie
from scrobbled.core.records import Subject
from scrobbled.core.sending.room import Allowance, Closing
from scrobbled.trackers.base import Address, AddResult, Edit, Flag, Receipt, Remove, Retime, SetValue, Tracker
from scrobbled.trackers.trakt.tracker import in_words
from trackers.contract import Doorman, play_of
from trackers.trakt_bench import TraktBench
from trackers.trakt_mirror import TraktMirror

RATE, UNRATE, REMOVE, ADD = "/sync/ratings", "/sync/ratings/remove", "/sync/history/remove", "/sync/history"
EVENING = datetime(2026, 11, 10, 20, 14, tzinfo=UTC)
LATER = EVENING + timedelta(hours=3)
SCOPES: tuple[Scope, ...] = ("movie", "show", "season", "episode")


def subject(trakt: TraktBench, scope: Scope, show: int = 0) -> Subject:
    """As another tracker would tell it: by TMDB ids of shows and films."""
    of = trakt.sandbox.world.shows[show]
    if scope == "movie":
        film = trakt.sandbox.world.movies[show]
        return Subject("m", scope, Movie(film.title, film.year, MovieIds(tmdb=film.tmdb)))
    season, number = (None, None) if scope == "show" else (1, None) if scope == "season" else (1, 2)
    return Subject("s", scope, Episode(of.title, season, number, show_ids=ShowIds(tmdb=of.tmdb)))


async def located(trakt: TraktBench, tracker: Tracker, scope: Scope, show: int = 0) -> Address:
    """The address as it comes back from the database."""
    address = await tracker.amends.locate_subject(subject(trakt, scope, show))
    return Address(address.key, json.loads(json.dumps(dict(address.data))), address.how)


async def amend(tracker: Tracker, *edits: Edit) -> Sequence[AddResult]:
    return await tracker.amends.amend(edits)


def rated(trakt: TraktBench) -> dict[tuple[str, int], int]:
    rows = trakt.api.state()["accounts"]["anna"]["ratings"]
    return {(row["type"], row["trakt"]): row["rating"] for row in rows}


async def played(trakt: TraktBench, tracker: Tracker, at: datetime = EVENING, number: int = 2) -> tuple[Address, str]:
    """A play that is there, by its address and id."""
    play = await play_of(tracker, trakt.episode(1, number), at)
    await tracker.add_plays([play], Doorman())
    found = next(row for row in trakt.history() if row["watched_at"] == f"{at:%Y-%m-%dT%H:%M}:00.000Z")
    return play.address, str(found["id"])


def times(trakt: TraktBench) -> list[str]:
    return [row["watched_at"][:16] for row in trakt.history()]


# Locating


@pytest.mark.parametrize("scope", SCOPES)
async def test_a_subject_is_located_under_the_key_of_our_own_reads(
    trakt: TraktBench, tracker: Tracker, scope: Scope
) -> None:
    address = await located(trakt, tracker, scope)
    assert await amend(tracker, SetValue("ratings", address, 8)) == [Receipt()]
    mirror = TraktMirror(trakt, tracker)
    await mirror.read(kinds={"ratings"})
    assert list(mirror.rated) == [address.key]
    again = await tracker.amends.locate_subject(mirror.told[address.key])
    assert again.key == address.key


@pytest.mark.parametrize("ids", [{"tvdb"}, {"imdb"}, {"tmdb"}, {"trakt"}])
async def test_an_episode_known_by_any_id_is_located_under_one_key(
    trakt: TraktBench, tracker: Tracker, ids: set[str]
) -> None:
    item = trakt.episode(ids=" ".join(ids))
    address = await tracker.amends.locate_subject(Subject("e", "episode", item))
    assert address.key == f"episode:tmdb:{trakt.sandbox.world.shows[0].episode(1, 2).tmdb}"


async def test_a_film_known_by_its_imdb_id_is_located_under_the_same_key(trakt: TraktBench, tracker: Tracker) -> None:
    address = await tracker.amends.locate_subject(Subject("m", "movie", trakt.film(ids="imdb")))
    assert address.key == f"movie:tmdb:{trakt.sandbox.world.movies[0].tmdb}"


@pytest.mark.parametrize("scope", ["show", "season"])
async def test_a_show_or_season_that_trakt_does_not_know_is_not_guessed(
    trakt: TraktBench, tracker: Tracker, scope: Scope
) -> None:
    nowhere = Episode("Nowhere", None if scope == "show" else 1, None, show_ids=ShowIds(tmdb=5))
    with pytest.raises(NotInCatalogue, match="Nowhere"):
        await tracker.amends.locate_subject(Subject("s", scope, nowhere))
    if scope == "season":
        seventh = replace(cast(Episode, subject(trakt, "season").item), season=7)
        with pytest.raises(NotInCatalogue, match="S7"):
            await tracker.amends.locate_subject(Subject("s", scope, seventh))


async def test_locating_again_asks_nobody(trakt: TraktBench, tracker: Tracker) -> None:
    for scope in SCOPES:
        await located(trakt, tracker, scope)
    asked = len(trakt.asked())
    for scope in SCOPES:
        await located(trakt, tracker, scope)
    assert len(trakt.asked()) == asked


async def test_an_address_of_any_scope_is_told_in_words(trakt: TraktBench, tracker: Tracker) -> None:
    told = [in_words((await located(trakt, tracker, scope)).data) for scope in SCOPES]
    show = trakt.sandbox.world.shows[0]
    assert told[0].startswith("the film with TMDB id")
    assert told[1].startswith("the show with Trakt id")
    assert told[2].startswith(f"season 1 of the show with Trakt id {show.trakt}")
    assert "S1 E2 of the show" in told[3]


# Ratings


@pytest.mark.parametrize("scope", SCOPES)
async def test_a_rating_is_set_changed_and_cleared(trakt: TraktBench, tracker: Tracker, scope: Scope) -> None:
    address = await located(trakt, tracker, scope)
    for value in (3, 10):
        assert await amend(tracker, SetValue("ratings", address, value)) == [Receipt()]
        ((key, rating),) = rated(trakt).items()
        assert (key[0], rating) == (scope, value)
    for _ in range(2):
        assert await amend(tracker, SetValue("ratings", address, None)) == [Receipt()]
        assert rated(trakt) == {}
    assert trakt.history() == []


async def test_a_rating_is_sent_by_trakts_own_id_with_the_time_it_was_given(
    trakt: TraktBench, tracker: Tracker
) -> None:
    address = await located(trakt, tracker, "season")
    await amend(tracker, SetValue("ratings", address, 9, EVENING + timedelta(seconds=37)))
    (call,) = trakt.api.calls(f"POST {RATE}")
    line = {"ids": {"trakt": trakt.sandbox.world.shows[0].seasons[1].trakt}, "rating": 9}
    assert call.body == {"seasons": [{**line, "rated_at": "2026-11-10T20:14:37.000Z"}]}


@pytest.mark.parametrize("restarted", [False, True])
async def test_what_we_rated_is_read_though_trakt_does_not_say_that_anything_moved(
    trakt: TraktBench, tracker: Tracker, restarted: bool
) -> None:
    """Else it is missing from what was read for hours, and written again in every cycle."""
    trakt.fail("GET /sync/last_activities", status=200, body={}, times=100)
    mirror = TraktMirror(trakt, tracker)
    await mirror.read()
    address = await located(trakt, tracker, "movie")
    for value in (8, None):
        await amend(tracker, SetValue("ratings", address, value))
        if restarted:
            await tracker.aclose()
            mirror.tracker = trakt.tracker()
        await mirror.read()
        assert [one.value for one in mirror.rated.values()] == ([value] if value else [])
        assert await mirror.asking() == ["/sync/last_activities"]


async def test_many_ratings_are_one_request_and_those_to_be_cleared_another(
    trakt: TraktBench, tracker: Tracker
) -> None:
    addresses = [await located(trakt, tracker, scope, show) for scope in SCOPES for show in range(3)]
    for value in (5, 7):
        await amend(tracker, *[SetValue("ratings", address, value) for address in addresses])
    assert len(rated(trakt)) == len(addresses)
    assert len(trakt.api.calls(f"POST {RATE}")) == 2
    mixed = [SetValue("ratings", address, None if n % 2 else 8) for n, address in enumerate(addresses)]
    assert await amend(tracker, *mixed) == [Receipt()] * len(addresses)
    assert set(rated(trakt).values()) == {8}
    assert len(rated(trakt)) == len(addresses) / 2
    assert len(trakt.api.calls(f"POST {UNRATE}")) == 1


async def test_the_later_of_two_ratings_for_one_title_stands(trakt: TraktBench, tracker: Tracker) -> None:
    film = await located(trakt, tracker, "movie")
    assert (
        await amend(
            tracker, SetValue("ratings", film, 3), SetValue("ratings", film, None), SetValue("ratings", film, 4)
        )
        == [Receipt()] * 3
    )
    assert list(rated(trakt).values()) == [4]


@pytest.mark.parametrize("value", [0, 11, -1])
async def test_a_rating_that_is_none_is_refused_and_not_sent(trakt: TraktBench, tracker: Tracker, value: int) -> None:
    film, show = await located(trakt, tracker, "movie"), await located(trakt, tracker, "show")
    bad, good = await amend(tracker, SetValue("ratings", film, value), SetValue("ratings", show, 6))
    assert isinstance(bad, Refused)
    assert good == Receipt()
    assert list(rated(trakt).values()) == [6]


async def test_exactly_the_title_that_trakt_does_not_know_is_not_in_its_catalogue(
    trakt: TraktBench, tracker: Tracker
) -> None:
    unknown = Address("movie:tmdb:5", {"type": "movie", "ids": {"tmdb": 5}})
    known = await located(trakt, tracker, "movie")
    for value in (6, None):
        good, bad = await amend(tracker, SetValue("ratings", known, value), SetValue("ratings", unknown, value))
        assert good == Receipt()
        assert isinstance(bad, NotInCatalogue)
        assert "movie tmdb 5" in bad.reason


async def test_an_episode_unknown_by_its_ids_is_sent_again_under_its_trakt_id(
    trakt: TraktBench, tracker: Tracker
) -> None:
    trakt.api.strict_episode_ids = True
    address = await tracker.locate(trakt.episode(ids="tmdb"))
    assert await amend(tracker, SetValue("ratings", address, 6)) == [Receipt()]
    assert [list(call.body["episodes"][0]["ids"]) for call in trakt.api.calls(f"POST {RATE}")] == [["tmdb"], ["trakt"]]


async def test_ratings_keep_the_pace_of_writes(trakt: TraktBench, tracker: Tracker) -> None:
    film = await located(trakt, tracker, "movie")
    for value in (1, 2, None):
        await amend(tracker, SetValue("ratings", film, value))
    assert [call.status for call in trakt.api.calls("POST *")] == [201, 201, 200]
    assert tracker.delay() == pytest.approx(1.1)


# Removing


async def test_exactly_one_play_is_removed_by_its_id_and_again_is_done_already(
    trakt: TraktBench, tracker: Tracker
) -> None:
    address, first = await played(trakt, tracker)
    _, second = await played(trakt, tracker, LATER)
    edit = Remove(address, EVENING, first)
    for _ in range(2):
        assert await amend(tracker, edit) == [Receipt(first)]
        assert [str(row["id"]) for row in trakt.history()] == [second]
    assert {frozenset(call.body) for call in trakt.api.calls(f"POST {REMOVE}")} == {frozenset({"ids"})}


async def test_many_removals_are_one_request(trakt: TraktBench, tracker: Tracker) -> None:
    plays = [await played(trakt, tracker, EVENING + timedelta(hours=hour)) for hour in range(4)]
    edits = [Remove(address, EVENING, number) for address, number in plays[:3]]
    assert len(await amend(tracker, *edits, edits[0])) == 4
    assert len(trakt.api.calls(f"POST {REMOVE}")) == 1
    assert len(trakt.history()) == 1


async def test_without_an_id_it_is_the_play_at_that_time(trakt: TraktBench, tracker: Tracker) -> None:
    address, first = await played(trakt, tracker)
    await played(trakt, tracker, LATER)
    for receipt in (Receipt(first), Receipt()):
        assert await amend(tracker, Remove(address, EVENING)) == [receipt]
        assert times(trakt) == ["2026-11-10T23:14"]
    assert len(trakt.api.calls(f"POST {REMOVE}")) == 1


async def test_of_two_plays_in_one_minute_none_is_taken_without_its_id(trakt: TraktBench, tracker: Tracker) -> None:
    address, _ = await played(trakt, tracker)
    await played(trakt, tracker)
    (result,) = await amend(tracker, Remove(address, EVENING))
    assert isinstance(result, Refused)
    assert len(trakt.history()) == 2
    (row, _) = trakt.history()
    await amend(tracker, Remove(address, EVENING, str(row["id"])))
    assert len(trakt.history()) == 1


async def test_a_play_that_is_not_as_it_was_read_is_left_alone(trakt: TraktBench, tracker: Tracker) -> None:
    address, number = await played(trakt, tracker)
    mirror = TraktMirror(trakt, tracker)
    await mirror.read()
    stamp = mirror.records[number].stamp
    (result,) = await amend(tracker, Remove(address, EVENING, number, "undated episode:tmdb:1"))
    assert isinstance(result, Refused)
    assert len(trakt.history()) == 1
    for _ in range(2):
        assert await amend(tracker, Remove(address, EVENING, number, stamp)) == [Receipt(number)]
        assert trakt.history() == []


async def test_an_item_that_only_the_history_knows_is_found_there(trakt: TraktBench, tracker: Tracker) -> None:
    await played(trakt, tracker)
    address = await tracker.locate(replace(trakt.episode(), ids=EpisodeIds(tvdb=7_654_321)))
    assert await amend(tracker, Remove(address, LATER)) == [Receipt()]
    (result,) = await amend(tracker, Remove(address, LATER, "1", "stamp"))
    assert isinstance(result, NotInCatalogue)
    (result,) = await amend(tracker, Remove(address, EVENING, "1", "stamp"))
    assert isinstance(result, Refused)
    assert len(trakt.history()) == 1
    await amend(tracker, Remove(address, EVENING))
    assert trakt.history() == []


async def test_what_is_no_id_of_trakt_is_refused(trakt: TraktBench, tracker: Tracker) -> None:
    address, number = await played(trakt, tracker)
    bad, good = await amend(tracker, Remove(address, EVENING, "seven"), Remove(address, EVENING, number))
    assert isinstance(bad, Refused)
    assert good == Receipt(number)


# Another time


async def test_a_play_gets_another_time_and_again_is_done_already(trakt: TraktBench, tracker: Tracker) -> None:
    address, old = await played(trakt, tracker)
    await played(trakt, tracker, EVENING - timedelta(days=1))
    edit = Retime(address, old, LATER)
    (first,) = await amend(tracker, edit)
    assert isinstance(first, Receipt)
    assert times(trakt) == ["2026-11-10T23:14", "2026-11-09T20:14"]
    assert first.remote_id == str(trakt.history()[0]["id"])
    assert await amend(tracker, edit) == [first]
    assert times(trakt) == ["2026-11-10T23:14", "2026-11-09T20:14"]
    assert await amend(tracker, Retime(address, first.remote_id, LATER)) == [first], "it has that time already"


async def test_a_play_that_is_gone_does_not_come_back_at_another_time(trakt: TraktBench, tracker: Tracker) -> None:
    address, old = await played(trakt, tracker)
    await amend(tracker, Remove(address, EVENING, old))
    (result,) = await amend(tracker, Retime(address, old, LATER))
    assert isinstance(result, Refused)
    assert trakt.history() == []


async def test_the_old_play_stays_until_the_new_one_is_seen(trakt: TraktBench, tracker: Tracker) -> None:
    address, old = await played(trakt, tracker)
    trakt.clock.advance(30)
    trakt.api.lag = 20
    with pytest.raises(TryLater) as caught:
        await amend(tracker, Retime(address, old, LATER))
    assert caught.value.after == 10
    assert len(trakt.history()) == 2
    trakt.clock.advance(20)
    (result,) = await amend(tracker, Retime(address, old, LATER))
    assert isinstance(result, Receipt)
    assert times(trakt) == ["2026-11-10T23:14"]


async def test_a_play_of_what_trakt_does_not_know_gets_no_other_time(trakt: TraktBench, tracker: Tracker) -> None:
    unknown = Address("movie:tmdb:5", {"type": "movie", "ids": {"tmdb": 5}})
    (result,) = await amend(tracker, Retime(unknown, "5", LATER))
    assert isinstance(result, NotInCatalogue)


async def test_trakt_keeps_no_rewatch_flag(trakt: TraktBench, tracker: Tracker) -> None:
    address, number = await played(trakt, tracker)
    flagged, removed = await amend(tracker, Flag(address, number, True), Remove(address, EVENING, number))
    assert isinstance(flagged, Refused)
    assert removed == Receipt(number)


# Trouble


@pytest.mark.parametrize("fault", [{"kind": "drop"}, {"status": 502}, {"status": 504}, {"kind": "malformed"}])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("what", ["rate", "unrate", "remove", "retime add", "retime remove"])
async def test_an_edit_whose_answer_was_lost_is_repeated_without_another_effect(
    trakt: TraktBench, tracker: Tracker, what: str, when: str, fault: dict[str, Any]
) -> None:
    address, old = await played(trakt, tracker)
    other, _ = await played(trakt, tracker, EVENING - timedelta(days=1), 3)
    await amend(tracker, SetValue("ratings", address, 2), SetValue("ratings", other, 2))
    edits: dict[str, tuple[str, Edit]] = {
        "rate": (RATE, SetValue("ratings", address, 9)),
        "unrate": (UNRATE, SetValue("ratings", address, None)),
        "remove": (REMOVE, Remove(address, EVENING, old)),
        "retime add": (ADD, Retime(address, old, LATER)),
        "retime remove": (REMOVE, Retime(address, old, LATER)),
    }
    path, edit = edits[what]
    trakt.fail(f"POST {path}", when=when, **fault)
    with pytest.raises((TryLater, ContractDrift)) as caught:
        await amend(tracker, edit)
    assert not cast(TrackerError, caught.value).in_doubt, "everything may be repeated"
    trakt.clock.advance(60)
    for _ in range(2):
        (result,) = await amend(tracker, edit)
        assert isinstance(result, Receipt)
    left = {"remove": [], "retime add": ["2026-11-10T23:14"], "retime remove": ["2026-11-10T23:14"]}
    assert times(trakt) == [*left.get(what, ["2026-11-10T20:14"]), "2026-11-09T20:14"]
    assert sorted(rated(trakt).values()) == {"rate": [2, 9], "unrate": [2]}.get(what, [2, 2])


async def test_half_a_batch_is_made_whole_by_repeating(trakt: TraktBench, tracker: Tracker) -> None:
    edits = [
        SetValue("ratings", await located(trakt, tracker, scope, show), 7) for scope in SCOPES for show in range(3)
    ]
    trakt.fail(f"POST {RATE}", kind="half")
    with pytest.raises(TryLater):
        await amend(tracker, *edits)
    assert 0 < len(rated(trakt)) < len(edits)
    assert await amend(tracker, *edits) == [Receipt()] * len(edits)
    assert len(rated(trakt)) == len(edits)


@pytest.mark.parametrize("body", [["done"], {"status": "ok"}, {"deleted": {}, "not_found": {"ids": 5}}])
async def test_an_answer_that_cannot_be_read_is_drift(trakt: TraktBench, tracker: Tracker, body: Any) -> None:
    address, old = await played(trakt, tracker)
    trakt.fail(f"POST {REMOVE}", status=200, body=body)
    with pytest.raises(ContractDrift, match=REMOVE):
        await amend(tracker, Remove(address, EVENING, old))


async def test_an_access_token_that_ran_out_is_renewed_and_the_edit_done_once(
    trakt: TraktBench, tracker: Tracker
) -> None:
    address, old = await played(trakt, tracker)
    trakt.fail(f"POST {REMOVE}", status=401)
    assert await amend(tracker, Remove(address, EVENING, old)) == [Receipt(old)]
    assert trakt.history() == []


@pytest.mark.parametrize("kind", ["ratings", "collection", "watchlist"])
async def test_a_full_list_is_closed_and_nothing_else(kind: str, trakt: TraktBench, tracker: Tracker) -> None:
    address, value = await located(trakt, tracker, "movie"), 5 if kind == "ratings" else {}
    trakt.api.account_of("anna").limits[kind] = 0
    with pytest.raises(ListClosed, match="may hold 0") as caught:
        await amend(tracker, SetValue(kind, address, value))
    assert (caught.value.kind, caught.value.closing, caught.value.most) == (kind, Closing.FULL, 0)
    assert isinstance((await amend(tracker, SetValue("collection", address, None)))[0], Receipt)


@pytest.mark.parametrize(("status", "closing"), [(420, Closing.FULL), (426, Closing.NOT_FOR_ACCOUNT)])
async def test_a_refusal_that_says_nothing_closes_the_list_as_well(
    status: int, closing: Closing, trakt: TraktBench, tracker: Tracker
) -> None:
    address = await located(trakt, tracker, "movie")
    trakt.fail("POST /sync/watchlist", status=status, body=b"")
    with pytest.raises(ListClosed) as caught:
        await amend(tracker, SetValue("watchlist", address, {}))
    assert (caught.value.kind, caught.value.closing, caught.value.most) == ("watchlist", closing, None)


async def test_what_the_account_may_have_is_told_as_far_as_trakt_or_the_configuration_says(trakt: TraktBench) -> None:
    account = trakt.api.account_of("anna")
    built = trakt.tracker(limits={"collection": 1_000, "watchlist": 7})
    account.vip, account.limits["watchlist"] = False, 231
    assert await built.allowance() == Allowance(False, {"collection": 1_000, "watchlist": 231})
    account.vip = True
    assert (await built.allowance()).vip is True


async def test_nothing_to_do_asks_nobody(trakt: TraktBench, tracker: Tracker) -> None:
    assert list(await amend(tracker)) == []
    assert trakt.asked() == []
