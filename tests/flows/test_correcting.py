"""A correction on its way to the trackers: what waited arrives once, as the owner says, and nothing else moves."""

import asyncio
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from conftest import FakeClock
from flows.rig import FILM, Rig, episode, in_doubt
from patience import until
from scrobbled.catalogues.resolve import Resolver
from scrobbled.core.errors import NotInCatalogue, TryLater, Uncertain
from scrobbled.core.naming.correction_words import TypedCorrection
from scrobbled.core.naming.ids import EpisodeIds, MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Item, Movie, Origin
from scrobbled.core.naming.matching import Claim, Finding, ShowMatch
from scrobbled.desk.corrections import correct
from scrobbled.store import Store
from trackers.memory.tracker import CAN, key_of
from web.house import House, house

LIGHTS = Episode("Harbour Lights", 2, 3, show_ids=ShowIds(tmdb=7))
MOVED = Episode("Harbour Lights", 1, 3, show_ids=ShowIds(tmdb=7))


async def put(rig: Rig, wish: TypedCorrection) -> correct.Changed:
    now = rig.clock.now().timestamp()
    return await rig.store.write(lambda db: correct.put(db, wish, ["anna"], now))


async def remove(rig: Rig, id_: int) -> correct.Changed | None:
    now = rig.clock.now().timestamp()
    return await rig.store.write(lambda db: correct.remove(db, id_, now))


def only_known(*items: Item) -> Any:
    """A tracker's ``locate`` hook that knows nothing but these."""
    known = {key_of(item) for item in items}

    def hook(item: Item) -> None:
        if key_of(item) not in known:
            raise Uncertain(f"{item.label()}: two fit")

    return hook


# -- one account ---------------------------------------------------------------------------------------------------


async def test_what_waited_is_delivered_once_and_what_did_not_stays(rig: Rig) -> None:
    rig.tracker.before["locate"] = only_known(MOVED)
    change, other = await rig.play(episode(3)), await rig.play(FILM)
    await rig.rest()
    assert await rig.counts() == {"unmatched": 2}
    before = await rig.row(other)
    done = await put(rig, TypedCorrection("Harbour Lights", "tmdb:7", season=2, to_season=1))
    assert [(play.id, play.tracker) for play in done.waiting] == [(f"c{change}", "memory")]
    await rig.rest()
    assert [play.key for play in rig.tracker.plays] == [key_of(MOVED)]
    assert (await rig.row(change))["how"] == "correction m1: every item is known here"
    assert await rig.row(other) == before


async def test_plays_that_come_later_follow_it_too_until_it_is_removed(rig: Rig) -> None:
    await put(rig, TypedCorrection("Harbour Lights", "tmdb:7"))
    await rig.play(episode(3))
    await rig.rest()
    await remove(rig, 1)
    await rig.play(episode(3), minutes=-300)
    await rig.rest()
    assert [play.key for play in rig.tracker.plays] == [key_of(LIGHTS), key_of(episode(3))]


async def test_what_is_ignored_is_never_sent_and_comes_back_with_the_correction_removed(rig: Rig) -> None:
    change = await rig.play(episode(3))
    await put(rig, TypedCorrection("Harbour Lights", ignore=True))
    await rig.rest()
    row = await rig.row(change)
    assert (row["state"], row["reason"]) == ("unwanted", "correction m1: ignored")
    assert rig.tracker.calls.count("locate") == 0
    await remove(rig, 1)
    await rig.rest()
    assert rig.tracker.times(episode(3)) == [FakeClock().now()]


async def test_a_special_that_is_a_film_goes_nowhere_where_no_films_are_kept(rig: Rig) -> None:
    await put(rig, TypedCorrection("Harbour Lights", "movie:717171", season=2, episodes="3"))
    await rig.play(episode(3))
    await rig.rest()
    assert [play.key for play in rig.tracker.plays] == [key_of(Movie("", ids=MovieIds(tmdb=717_171)))]
    rig.tracker.can = replace(CAN, media=frozenset({"episode"}))
    change = await rig.play(episode(3), minutes=-300)
    await rig.rest()
    assert (await rig.row(change))["reason"] == "correction m1: this tracker does not take movies"


async def test_a_reason_says_that_a_correction_led_there(rig: Rig) -> None:
    rig.tracker.always("locate", lambda: NotInCatalogue("no such show"))
    await put(rig, TypedCorrection("Harbour Lights", "tmdb:7"))
    change = await rig.play(episode(3))
    await rig.courier.step()
    row = await rig.row(change)
    assert (row["state"], row["reason"]) == ("parked", "correction m1: no such show")


async def test_two_reports_that_a_correction_makes_one_viewing_are_one_play(rig: Rig) -> None:
    await put(rig, TypedCorrection("Harbour", "tmdb:1399"))
    await rig.play(episode(3), minutes=-5)
    await rig.play(replace(episode(3), show_title="Harbour", show_ids=ShowIds()), minutes=-4)
    await rig.rest()
    assert await rig.counts() == {"delivered": 1, "already-there": 1}


async def test_a_write_in_doubt_is_read_back_where_it_was_sent(rig: Rig) -> None:
    rig.tracker.lose_next_answer()
    change = await rig.play(episode(3))
    await rig.courier.step()
    assert (await rig.row(change))["phase"] == "in-doubt"
    assert (await put(rig, TypedCorrection("Harbour Lights", "tmdb:7"))).waiting == []
    await rig.rest(seconds=300)
    assert [play.key for play in rig.tracker.plays] == [key_of(episode(3))]
    assert await rig.state(change) == "delivered"


# -- a correction set while an item is looked up or written --------------------------------------------------------


async def test_nothing_is_sent_by_what_was_found_before_the_correction(rig: Rig) -> None:
    async def meanwhile(item: Item) -> None:
        rig.tracker.before.clear()
        await put(rig, TypedCorrection("Harbour Lights", "tmdb:7"))

    rig.tracker.before["locate"] = meanwhile
    await rig.play(episode(3))
    await rig.rest()
    assert [play.key for play in rig.tracker.plays] == [key_of(LIGHTS)]


@pytest.mark.parametrize(
    "error", [Uncertain("two fit"), NotInCatalogue("not there"), TryLater("the catalogue is down", after=800)]
)
async def test_no_answer_from_before_the_correction_is_settled(rig: Rig, error: Exception) -> None:
    async def meanwhile(item: Item) -> None:
        rig.tracker.before.pop("locate")
        await put(rig, TypedCorrection("Harbour Lights", "tmdb:7"))
        raise error

    rig.tracker.before["locate"] = meanwhile
    await rig.play(episode(3))
    await rig.rest()
    assert [play.key for play in rig.tracker.plays] == [key_of(LIGHTS)]
    assert rig.told == []


async def test_a_refusal_from_before_the_correction_is_looked_up_again(rig: Rig) -> None:
    async def meanwhile(plays: Any) -> None:
        rig.tracker.before.pop("sent")
        await put(rig, TypedCorrection("Harbour Lights", "tmdb:7"))

    rig.tracker.answers = [NotInCatalogue("gone since")]
    rig.tracker.before["sent"] = meanwhile
    await rig.play(episode(3))
    await rig.rest()
    assert [play.key for play in rig.tracker.plays] == [key_of(LIGHTS)]


async def test_what_is_in_flight_is_delivered_where_it_goes(rig: Rig) -> None:
    async def meanwhile(plays: Any) -> None:
        rig.tracker.before.pop("sent")
        assert (await put(rig, TypedCorrection("Harbour Lights", "tmdb:7"))).waiting == []

    rig.tracker.before["sent"] = meanwhile
    await rig.play(episode(3))
    await rig.rest()
    assert [play.key for play in rig.tracker.plays] == [key_of(episode(3))]


async def test_a_twin_from_before_the_correction_is_no_twin(rig: Rig) -> None:
    await rig.play(episode(3), minutes=-5)
    await rig.rest()

    async def meanwhile(item: Item) -> None:
        rig.tracker.before.pop("locate")
        await put(rig, TypedCorrection("Harbour Lights", "tmdb:7"))

    rig.tracker.before["locate"] = meanwhile
    await rig.play(episode(3), minutes=-4)
    await rig.rest()
    assert [play.key for play in rig.tracker.plays] == [key_of(episode(3)), key_of(LIGHTS)]


async def test_a_write_in_doubt_that_never_arrived_goes_where_the_correction_says(rig: Rig) -> None:
    rig.tracker.fail("sent", in_doubt(TryLater))
    change = await rig.play(episode(3))
    await rig.courier.step()
    await put(rig, TypedCorrection("Harbour Lights", "tmdb:7"))
    await rig.rest(seconds=300)
    assert [play.key for play in rig.tracker.plays] == [key_of(LIGHTS)]
    assert await rig.state(change) == "delivered"


# -- the resolver --------------------------------------------------------------------------------------------------


class Notes(dict[str, Any]):
    async def get(self, key: str) -> Any:  # type: ignore[override]
        return super().get(key)

    async def put(self, key: str, value: Any, *, seconds: float) -> None:
        self[key] = value


class Says:
    def __init__(self, *findings: Finding) -> None:
        self.findings, self.asked = findings, 0

    async def find_show(self, episode: Episode, *, deeper: bool = False) -> tuple[Finding, ...]:
        self.asked += 1
        assert episode.origin is None, "the media server is what was wrong"
        assert episode.show_ids.tmdb == 7
        return self.findings


def finding(tmdb: int, season: int) -> Finding:
    return Finding(ShowMatch(ShowIds(tmdb=tmdb, tvdb=tmdb), f"says {tmdb}", (Claim(season, 1, "theirs"),)))


ORIGIN = Origin("nas", "90412", show_key="90400")


async def test_a_wrong_answer_from_the_cache_does_not_win_over_a_persons_word() -> None:
    notes = Notes({"show:nas:90400:None": {"ids": {"tmdb": 1}, "method": "Plex", "confidence": "certain"}})
    resolver = Resolver([Says()], notes)
    plain = Episode("Harbour", 2, 3, origin=ORIGIN)
    assert (await resolver.show_of(plain)).ids.tmdb == 1
    settled = await resolver.show_of(replace(plain, show_ids=ShowIds(tmdb=7), settled="show"))
    assert (settled.ids, settled.method) == (ShowIds(tmdb=7), "your word")
    assert len(notes) == 1


async def test_others_may_say_where_in_the_show_it_is_but_not_that_it_is_another() -> None:
    item = Episode("Harbour", 2, 3, show_ids=ShowIds(tmdb=7), ids=EpisodeIds(tvdb=5), origin=ORIGIN, settled="show")
    stranger, friend = Says(finding(8, 4)), Says(finding(7, 5))
    match = await Resolver([stranger, friend], Notes()).show_of(item, deeper=True)
    assert (match.ids.tmdb, [claim.season for claim in match.claims]) == (7, [5, 2])
    alone = await Resolver([stranger], Notes()).show_of(item, deeper=True)
    assert (alone.ids, [claim.season for claim in alone.claims]) == (ShowIds(tmdb=7), [2])
    before = friend.asked
    await Resolver([friend], Notes()).show_of(replace(item, settled="place"), deeper=True)
    assert friend.asked == before


# -- the whole service ---------------------------------------------------------------------------------------------


async def unmatched(home: House, title: str, number: int) -> None:
    """A viewing of something that came without ids, under a name nobody else knows."""
    bare = {"grandparentTitle": title, "Guid": [], "guid": f"local://{number}", "grandparentGuid": "local://1"}
    keys = {"ratingKey": f"x{number}", "grandparentRatingKey": f"y{title}", "index": number, "title": f"Part {number}"}
    await home.webhook("scrobble", item=home.episode(1, number), originallyAvailableAt="1999-01-01", **bare, **keys)


def diary(home: House) -> list[tuple[int, int]]:
    state = home.sandbox["serializd"].state()
    return sorted((row["seasonId"], row["episodeNumber"]) for row in state["accounts"]["anna"]["reviews"])


async def test_a_running_service_notices_and_delivers_what_waited_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scrobbled.runtime.other_processes.EVERY", 0.01)
    async with house(tmp_path) as home:
        await unmatched(home, "Lights at Sea", 2)
        await unmatched(home, "Something Else", 3)
        courier = home.runtime.couriers["anna", "serializd"]
        for _ in range(8):
            await courier.step()
        states = await home.sql("SELECT state FROM outbox ORDER BY id")
        assert states == [("unmatched",), ("unmatched",)]
        other = await home.sql("SELECT * FROM outbox WHERE id = 2")
        async with aclosing(Store(tmp_path / "scrobbled.db", create=False)) as outside, home.runtime.running():
            await asyncio.sleep(0.05)
            show = home.sandbox.world.shows[0]
            wish = TypedCorrection("Lights at Sea", f"tmdb:{show.tmdb}", season=1, to_season=2)
            done = await outside.write(lambda db: correct.put(db, wish, ["anna"], 1.0))
            assert [play.id for play in done.waiting] == ["c1"]

            async def is_delivered() -> bool:
                return (await home.sql("SELECT state FROM outbox WHERE id = 1"))[0][0] == "delivered"

            await until(is_delivered)
            assert diary(home) == [(show.seasons[2].tmdb, 2)]
            how = (await home.sql("SELECT how FROM outbox WHERE id = 1"))[0][0]
            assert how == "correction m1: show by your word, episode by its numbers"
            assert await home.sql("SELECT * FROM outbox WHERE id = 2") == other
