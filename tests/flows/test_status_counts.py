"""What both sides of a pair hold, what waits there and why: the same for command, API and page."""

from flows.household import Household
from scrobbled.desk.facts import house as facts
from scrobbled.desk.facts.house import Status
from scrobbled.sandbox.plex.people import ANNA


async def _status(house: Household) -> Status:
    now = house.clock.now().timestamp()
    found: Status = await house.runtime.store.read(lambda db: facts.status(db, house.runtime.config, now, 0))
    return found


async def test_a_library_tells_what_is_watched_and_a_tracker_its_plays(house: Household) -> None:
    await house.sync()
    await house.settle()
    await house.sync(full=True)
    plex, trakt = (one.holds for one in (await _status(house)).trackers)
    assert trakt.counts["plays"] == len(house.home.trakt().history)
    assert trakt.counts["ratings"] == len(list(house.home.trakt().ratings))
    assert trakt.text == f"{trakt.counts['plays']} plays, {trakt.counts['ratings']} ratings"
    views = [(item, house.home.plex.views.of(ANNA, item)) for item in house.home.plex.library.items.values()]
    assert 0 < plex.counts["watched"] <= sum(bool(view.count) for _, view in views)
    assert plex.counts["watched"] < plex.counts["items"] < len(views)
    assert plex.text == f"{plex.counts['watched']} watched, {plex.counts['ratings']} rated"
    assert plex.read == trakt.read == house.clock.now().isoformat(timespec="seconds")


async def test_a_pair_tells_the_same_of_its_sides(house: Household) -> None:
    await house.sync()
    found = await _status(house)
    by_tracker = {one.tracker: one.holds for one in found.trackers}
    (pair,) = found.pairs
    assert {side.tracker: side.holds for side in pair.sides} == by_tracker


async def test_what_a_run_did_since_a_side_was_read_is_told_beside(house: Household) -> None:
    await house.compare()
    house.clock.advance(5)
    await house.deliver()
    (pair,) = (await _status(house)).pairs
    plex, trakt = pair.sides
    assert (plex.added, trakt.added) == (4, len(house.home.trakt().history) - trakt.plays)
    await house.settle()
    assert [side.added for side in (await _status(house)).pairs[0].sides] == [0, 0]


async def test_what_waits_is_told_with_its_reason(house: Household) -> None:
    await house.sync()
    (trakt,) = (one for one in (await _status(house)).trackers if one.tracker == "trakt")
    assert sum(one.count for one in trakt.waits) == trakt.waiting > 0
    assert [(one.state, one.code) for one in trakt.waits] == [("unmatched", "uncertain")]
    assert trakt.waits[0].text.startswith(f"{trakt.waiting} unmatched: It is not certain what this is")


async def test_before_an_account_was_read_nothing_is_said_of_it(house: Household) -> None:
    assert [(one.holds.text, one.holds.read) for one in (await _status(house)).trackers] == [("", None)] * 2
