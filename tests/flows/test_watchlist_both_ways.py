"""The watchlist of a Plex account and that of a Trakt account: in step both ways, though both lose what is watched."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from flows.household import HOME, Household, household
from scrobbled.core.kinds import WATCHLIST
from scrobbled.desk.undo import UndoRequest, undo
from scrobbled.sandbox.faults import Fault
from scrobbled.sandbox.plex.agents import WorldTitle
from scrobbled.sandbox.plex.discover import DiscoverStandIn
from scrobbled.sandbox.plex.discover_core import plex_id
from scrobbled.sandbox.plex.people import ANNA, CELLAR, MIA
from scrobbled.sandbox.trakt.accounts import GROUPS, ListEntry
from scrobbled.sandbox.trakt.catalogue import TraktTitle
from scrobbled.sandbox.world import WorldMovie
from scrobbled.store.mirror import runs
from scrobbled.store.queue import amendments

pytestmark = pytest.mark.anyio
CLOUD = {"discover_url": "http://sandbox/plex-discover", "metadata_url": "http://sandbox/plex-metadata"}
PAIR = {"plays": "off", "ratings": "off", "watchlist": "both", "removals": {"watchlist": "propagate"}}


class Lists:
    """What a person does to both lists, and what is on them, by title."""

    def __init__(self, house: Household) -> None:
        self.house, self.world = house, house.sandbox.world
        self.discover: DiscoverStandIn = house.sandbox["plex-discover"]
        self.trakt_side = house.sandbox["trakt"]
        self.trakt_side.limits.enforced = False

    def on_plex(self, *titles: WorldTitle) -> None:
        for one in titles:
            self.discover.put(one)

    def off_plex(self, *titles: WorldTitle) -> None:
        for one in titles:
            self.discover.take(one)

    def on_trakt(self, *titles: WorldTitle) -> None:
        for one in titles:
            account, now = self.trakt_side.account_of("anna"), self.trakt_side.now()
            account.watchlist.put(ListEntry(next(self.trakt_side.numbers), self.at_trakt(one), now), now)
            self._touch(one)

    def off_trakt(self, *titles: WorldTitle) -> None:
        for one in titles:
            self.trakt_side.account_of("anna").watchlist.take(self.at_trakt(one), self.trakt_side.now())
            self._touch(one)

    def _touch(self, title: WorldTitle) -> None:
        account, now = self.trakt_side.account_of("anna"), self.trakt_side.now()
        account.touch(GROUPS["movie" if isinstance(title, WorldMovie) else "show"], "watchlisted_at", now)
        account.touch("watchlist", "updated_at", now)

    def at_trakt(self, title: WorldTitle) -> TraktTitle:
        kind = "movie" if isinstance(title, WorldMovie) else "show"
        found: TraktTitle = self.trakt_side.catalogue.by_id(kind, "trakt", title.trakt)
        return found

    def watch_on_plex(self, title: WorldMovie) -> None:
        home = self.house.home
        item = home.item(title)
        home.played(item, self.house.clock.now())
        home.plex.spread(ANNA, item)

    def watch_on_trakt(self, title: WorldTitle) -> None:
        """A film, or the first episode of a show."""
        what = title if isinstance(title, WorldMovie) else title.seasons[1].episodes[0]
        kind = "movie" if isinstance(title, WorldMovie) else "episode"
        played = self.trakt_side.catalogue.by_id(kind, "trakt", what.trakt)
        now = self.trakt_side.now()
        self.trakt_side.account_of("anna").add_play(played, now, "watch", now)

    @property
    def plex(self) -> set[str]:
        names = {plex_id(one): one.title for one in (*self.world.movies, *self.world.shows)}
        return {names[one] for one in self.discover.listed()}

    @property
    def trakt(self) -> set[str]:
        return {one.title.title for one in self.trakt_side.account_of("anna").watchlist}

    def writes(self) -> int:
        """Of either list, so far."""
        told = [*self.discover.log, *self.trakt_side.log]
        return sum("ToWatchlist" in one.path or "FromWatchlist" in one.path or one.method == "POST" for one in told)

    async def runs(self, count: int) -> list[str]:
        """So many, far enough apart for complete readings."""
        found = []
        for _ in range(count):
            self.house.clock.advance(7 * 3_600)
            found.append((await self.house.sync()).outcome)
        return found


@contextlib.asynccontextmanager
async def both(folder: Path, **pair: Any) -> AsyncIterator[Lists]:
    async with household(folder, furnished=False, plex={**HOME, **CLOUD}, **{**PAIR, **pair}) as house:
        yield Lists(house)


@pytest.fixture
async def lists(tmp_path: Path) -> AsyncIterator[Lists]:
    async with both(tmp_path) as made:
        yield made


def no_library_has(lists: Lists, *titles: WorldTitle) -> None:
    for one in titles:
        lists.house.home.plex.library.remove(lists.house.home.item(one))


def named(*titles: WorldTitle) -> set[str]:
    return {one.title for one in titles}


async def waiting(lists: Lists) -> list[tuple[str, str]]:
    rows = await lists.house.runtime.store.read(lambda db: amendments.listing(db))
    return [(row.state, row.wish.label) for row in rows]


async def last_run(lists: Lists) -> runs.Run:
    return (await lists.house.runtime.store.read(lambda db: runs.latest(db, "anna", "plex,trakt")))[0]


# -- both ways ---------------------------------------------------------------------------------------------------------


async def test_what_is_on_one_list_comes_on_the_other_also_what_is_in_no_library(lists: Lists) -> None:
    here, gone, there, nowhere = lists.world.movies[:4]
    show, strange = lists.world.shows[:2]
    no_library_has(lists, gone, nowhere, strange)
    lists.on_plex(here, gone, show)
    lists.on_trakt(there, nowhere, strange)
    assert (await lists.house.sync()).outcome == "done"
    assert lists.plex == lists.trakt == named(here, gone, there, nowhere, show, strange)
    await lists.house.settle()
    writes, asked = lists.writes(), lists.house.requests("plex-metadata")
    assert await lists.runs(3) == ["nothing"] * 3
    assert lists.writes() == writes
    assert lists.house.requests("plex-metadata") == asked, "what is known of a title is never asked for again"
    assert not list(lists.trakt_side.account_of("anna").history), "a list is no viewing"


@pytest.mark.parametrize("way", ["plex-to-trakt", "trakt-to-plex"])
async def test_one_way_leaves_the_other_list_as_it_is(tmp_path: Path, way: str) -> None:
    async with both(tmp_path, watchlist=way) as lists:
        one, other, third = lists.world.movies[:3]
        lists.on_plex(one, third)
        lists.on_trakt(other, third)
        await lists.runs(2)
        given, source = (lists.trakt, lists.plex) if way == "plex-to-trakt" else (lists.plex, lists.trakt)
        assert given == named(one, other, third)
        assert source == named(one if way == "plex-to-trakt" else other, third)
        lists.off_plex(third)
        lists.off_trakt(one, other)
        await lists.runs(4)
        if way == "plex-to-trakt":
            assert (lists.plex, lists.trakt) == (named(one), set()), "what was taken off there is not put back"
        else:
            assert (lists.plex, lists.trakt) == (named(one), named(third)), "and what is gone here stays there"


@pytest.mark.parametrize("where", ["plex", "trakt"])
async def test_what_a_person_takes_off_one_list_leaves_the_other_and_stays_off(lists: Lists, where: str) -> None:
    film, show, stays = lists.world.movies[0], lists.world.shows[0], lists.world.movies[1]
    no_library_has(lists, film)
    lists.on_plex(film, show, stays)
    await lists.runs(3)
    (lists.off_plex if where == "plex" else lists.off_trakt)(film, show)
    await lists.runs(3)
    assert lists.plex == lists.trakt == named(stays)
    assert await lists.runs(3) == ["nothing"] * 3
    (lists.on_plex if where == "plex" else lists.on_trakt)(film)
    await lists.runs(2)
    assert lists.plex == lists.trakt == named(stays, film), "whoever lists it anew wants it"


async def test_the_last_title_of_a_list_leaves_the_other_one_too(lists: Lists) -> None:
    film = lists.world.movies[0]
    lists.on_plex(film)
    await lists.runs(2)
    lists.off_trakt(film)
    await lists.runs(4)
    assert lists.plex == lists.trakt == set()


async def test_unless_it_is_wished_for_nothing_leaves_a_list_because_of_the_other(tmp_path: Path) -> None:
    async with both(tmp_path, removals={}) as lists:
        one, other = lists.world.movies[:2]
        lists.on_plex(one, other)
        await lists.runs(2)
        lists.off_plex(one)
        lists.off_trakt(other)
        await lists.runs(4)
        assert (lists.plex, lists.trakt) == (named(other), named(one))


# -- what is watched ---------------------------------------------------------------------------------------------------


async def test_a_film_that_left_one_list_by_being_watched_stays_on_the_other_and_comes_on_none_again(
    lists: Lists,
) -> None:
    on_plex, on_trakt, stays = lists.world.movies[:3]
    lists.on_plex(on_plex, on_trakt, stays)
    await lists.runs(2)
    lists.house.clock.advance(86_400)
    lists.watch_on_plex(on_plex)
    lists.watch_on_trakt(on_trakt)
    writes = lists.writes()
    assert await lists.runs(5) == ["nothing"] * 5
    assert lists.plex == named(on_trakt, stays)
    assert lists.trakt == named(on_plex, stays)
    assert lists.writes() == writes
    skips = (await last_run(lists)).skips[WATCHLIST]
    assert {code: skip.count for code, skip in skips.items()} == {"left-watched:a": 1, "left-watched:b": 1}


async def test_a_show_leaves_trakts_list_with_its_first_episode_and_that_is_no_removal(lists: Lists) -> None:
    show, other = lists.world.shows[:2]
    no_library_has(lists, other)
    lists.on_trakt(show, other)
    await lists.runs(2)
    assert lists.plex == named(show, other)
    lists.house.clock.advance(86_400)
    for one in (show, other):
        lists.watch_on_trakt(one)
    assert await lists.runs(4) == ["nothing"] * 4
    assert (lists.plex, lists.trakt) == (named(show, other), set())


async def test_what_is_watched_already_is_put_on_no_list_and_counted(lists: Lists) -> None:
    film, show, unseen = lists.world.movies[0], lists.world.shows[0], lists.world.movies[1]
    lists.watch_on_trakt(show)
    lists.watch_on_plex(film)
    lists.on_plex(show, unseen)
    lists.on_trakt(film)
    await lists.runs(3)
    assert (lists.plex, lists.trakt) == (named(show, unseen), named(film, unseen))
    run = await last_run(lists)
    assert {code: (skip.count, list(skip.some)) for code, skip in run.skips[WATCHLIST].items()} == {
        "watched:a": (1, [show.title]),
        "watched:b": (1, [f"{film.title} ({film.year})"]),
    }


async def test_a_film_watched_long_before_both_lists_had_it_leaves_with_a_person_and_not_by_watching(
    lists: Lists,
) -> None:
    film, stays = lists.world.movies[:2]
    lists.watch_on_trakt(film)
    lists.house.clock.advance(86_400)
    await lists.runs(1)
    lists.house.clock.advance(30 * 86_400)
    lists.on_plex(film, stays)
    lists.on_trakt(film, stays)
    await lists.runs(2)
    lists.off_trakt(film)
    await lists.runs(4)
    assert lists.plex == lists.trakt == named(stays)


async def test_an_old_viewing_that_was_entered_late_takes_a_film_off_one_list_and_not_off_both(lists: Lists) -> None:
    film, stays = lists.world.movies[:2]
    lists.on_plex(film, stays)
    await lists.runs(2)
    lists.house.clock.advance(5 * 86_400)
    account, now = lists.trakt_side.account_of("anna"), lists.trakt_side.now()
    account.add_play(lists.at_trakt(film), now.replace(year=2015), "watch", now)
    await lists.runs(4)
    assert (lists.plex, lists.trakt) == (named(film, stays), named(stays))


async def test_with_the_plays_in_step_a_film_of_both_lists_that_is_watched_leaves_both_by_itself(
    tmp_path: Path,
) -> None:
    async with both(tmp_path, plays="both") as lists:
        film, stays = lists.world.movies[:2]
        lists.on_plex(film, stays)
        await lists.runs(2)
        lists.house.clock.advance(86_400)
        lists.watch_on_plex(film)
        await lists.runs(4)
        assert lists.plex == lists.trakt == named(stays)
        writes = lists.writes()
        assert await lists.runs(3) == ["nothing"] * 3
        assert lists.writes() == writes


async def test_many_that_were_watched_at_once_are_no_reason_for_doubt(lists: Lists) -> None:
    films = lists.world.movies[:14]
    lists.on_plex(*films)
    await lists.runs(2)
    lists.house.clock.advance(86_400)
    for one in films[:12]:
        lists.watch_on_trakt(one)
    await lists.runs(4)
    assert (lists.plex, lists.trakt) == (named(*films), named(*films[12:]))
    lists.off_trakt(films[12])
    await lists.runs(4)
    assert films[12].title not in lists.plex, "the list is believed"


# -- trouble -----------------------------------------------------------------------------------------------------------


async def test_an_emptied_long_list_is_not_believed(lists: Lists) -> None:
    films = lists.world.movies[:14]
    lists.on_plex(*films)
    await lists.runs(2)
    lists.off_plex(*films)
    await lists.runs(4)
    assert lists.trakt == named(*films)


@pytest.mark.parametrize(
    "fault", [{"status": 500}, {"status": 401}, {"status": 429, "headers": {"retry-after": "900"}}, {"kind": "drop"}]
)
async def test_trouble_at_discover_takes_nothing_off_and_holds_up_nothing_else(
    tmp_path: Path, fault: dict[str, Any]
) -> None:
    async with both(tmp_path, ratings="both") as lists:
        film, listed, fresh = lists.world.movies[:3]
        lists.on_plex(listed)
        await lists.runs(2)
        lists.on_trakt(fresh)
        lists.house.rate_on_trakt("movie", film.trakt, 8, lists.house.clock.now())
        lists.discover.faults.add(Fault(**fault))
        await lists.runs(4)
        assert lists.house.home.plex.viewed(ANNA, lists.house.home.item(film)).rating == 8
        assert lists.trakt == named(listed, fresh)
        run = await last_run(lists)
        assert run.outcome == "incomplete"
        assert "the watchlist on plex could not be read and are left out" in run.reason
        lists.discover.faults.clear()
        await lists.runs(3)
        assert lists.plex == lists.trakt == named(listed, fresh)


async def test_a_rating_does_not_wait_for_a_long_list_and_each_service_is_counted_by_itself(tmp_path: Path) -> None:
    async with both(tmp_path, ratings="both") as lists:
        await lists.runs(1)
        films = lists.world.movies[:25]
        lists.on_trakt(*films)
        await lists.house.compare()
        lists.house.rate_on_trakt("movie", films[0].trakt, 8, lists.house.clock.now())
        await lists.house.compare()
        courier = lists.house.runtime.couriers["anna", "plex"]
        while not await lists.house.sql("SELECT 1 FROM amendments WHERE state = 'delivered'"):
            await courier.step()
        assert await lists.house.sql("SELECT DISTINCT kind FROM amendments WHERE state = 'delivered'") == [("ratings",)]
        await lists.house.deliver()
        assert lists.plex == named(*films)
        told = lists.house.runtime.metrics.requests.collect()[0].samples
        counts = {one.labels["tracker"]: one.value for one in told if one.labels.get("method") == "PUT"}
        assert counts == {"plex": 1, "plex-discover": 25}


@pytest.mark.parametrize("at", ["addToWatchlist", "removeFromWatchlist"])
async def test_a_write_that_fails_waits_alone_and_goes_later(tmp_path: Path, at: str) -> None:
    async with both(tmp_path, ratings="both") as lists:
        film, stays, rated = lists.world.movies[:3]
        lists.on_plex(stays)
        if at == "removeFromWatchlist":
            lists.on_plex(film)
            await lists.runs(2)
            lists.off_trakt(film)
        else:
            await lists.runs(1)
            lists.on_trakt(film)
        lists.discover.faults.add(Fault(match=f"/actions/{at}", times=3, status=503))
        lists.house.rate_on_trakt("movie", rated.trakt, 9, lists.house.clock.now())
        await lists.runs(2)
        health = lists.house.runtime.couriers["anna", "plex"].health
        assert not health.in_trouble, "trouble there is none of the server"
        await lists.runs(6)
        assert lists.plex == lists.trakt == (named(stays) if at == "removeFromWatchlist" else named(stays, film))
        assert lists.house.home.plex.viewed(ANNA, lists.house.home.item(rated)).rating == 9


async def test_where_the_list_moved_away_the_run_says_which_key_helps(lists: Lists) -> None:
    lists.on_trakt(lists.world.movies[0])
    lists.discover.elsewhere = True
    await lists.runs(1)
    assert "write that address under discover_url" in (await last_run(lists)).reason
    assert lists.trakt == named(lists.world.movies[0])


async def test_what_has_no_certain_id_is_unmatched_and_asked_for_again_and_again(lists: Lists) -> None:
    film = lists.world.movies[0]
    no_library_has(lists, film)
    lists.on_trakt(film)
    lists.discover.hidden.add(plex_id(film))
    await lists.runs(1)
    assert await waiting(lists) == [("unmatched", f"{film.title} ({film.year})")]
    asked = lists.house.requests("plex-metadata")
    await lists.house.sync()
    assert lists.house.requests("plex-metadata") == asked, "not at once"
    lists.discover.hidden.clear()
    lists.house.clock.advance(40 * 86_400)
    await lists.house.deliver()
    assert lists.plex == named(film)
    assert await waiting(lists) == []


async def test_seasons_and_episodes_of_trakts_list_are_left_out(lists: Lists) -> None:
    show = lists.world.shows[0]
    account, now = lists.trakt_side.account_of("anna"), lists.trakt_side.now()
    episode = lists.trakt_side.catalogue.by_id("episode", "trakt", show.seasons[1].episodes[0].trakt)
    account.watchlist.put(ListEntry(next(lists.trakt_side.numbers), episode, now), now)
    account.touch("watchlist", "updated_at", now)
    await lists.runs(2)
    assert lists.plex == set()
    assert await waiting(lists) == []


async def test_a_full_list_holds_what_it_does_not_take(lists: Lists) -> None:
    films = lists.world.movies[:5]
    account = lists.trakt_side.account_of("anna")
    account.vip, account.limits["watchlist"] = False, 3
    lists.on_plex(*films)
    await lists.runs(3)
    assert len(lists.trakt) == 3
    assert [state for state, _ in await waiting(lists)] == ["held"] * 2
    held = {label for _, label in await waiting(lists)}
    seen = next(one for one in films if f"{one.title} ({one.year})" in held)
    lists.house.clock.advance(86_400)
    lists.watch_on_plex(seen)
    account.limits["watchlist"] = 100
    await lists.runs(4)
    assert lists.trakt == named(*films) - {seen.title}, "what was watched while it was held is not put there"
    assert await waiting(lists) == []


async def test_a_crash_at_any_step_repeats_nothing_and_loses_nothing(tmp_path: Path) -> None:
    async with both(tmp_path) as lists:
        films = lists.world.movies[:3]
        no_library_has(lists, films[0])
        lists.on_plex(films[0])
        lists.on_trakt(*films[1:])
        for steps in range(4):
            lists.discover.faults.add(Fault(match="/actions/addToWatchlist", times=1, kind="drop", when="after"))
            await lists.house.compare()
            for courier in lists.house.runtime.couriers.values():
                for _ in range(steps):
                    await courier.step()
            await lists.house.restart()
            lists.house.clock.advance(900)
        lists.discover.faults.clear()
        await lists.runs(4)
        assert lists.plex == lists.trakt == named(*films)
        assert await lists.runs(2) == ["nothing"] * 2


async def test_a_run_is_taken_back_on_both_lists_and_stays_so(lists: Lists) -> None:
    one, other = lists.world.movies[:2]
    no_library_has(lists, other)
    lists.on_plex(one)
    lists.on_trakt(other)
    await lists.house.sync()
    assert lists.plex == lists.trakt == named(one, other)
    run = await last_run(lists)
    await undo(lists.house.runtime.store, UndoRequest(run=run.id), lists.house.clock.now().timestamp())
    await lists.house.deliver()
    assert (lists.plex, lists.trakt) == (named(one), named(other))
    await lists.runs(4)
    assert (lists.plex, lists.trakt) == (named(one), named(other))


async def test_who_has_no_account_of_their_own_has_no_list_and_everything_else_goes_on(tmp_path: Path) -> None:
    managed = {**CLOUD, "url": HOME["url"], "account_url": HOME["account_url"], "token": CELLAR.token_of(MIA)}
    async with household(tmp_path, furnished=False, plex=managed, **{**PAIR, "ratings": "both"}) as house:
        lists, film, home = Lists(house), house.sandbox.world.movies[0], house.home
        home.plex.admit(MIA)
        lists.on_trakt(film)
        home.plex.views.put(
            MIA, home.item(film), home.plex.viewed(MIA, home.item(film)).after("rate", home.now, rating=7)
        )
        assert await lists.runs(3) == ["done", "nothing", "nothing"]
        assert house.trakt_ratings() == {("movie", None, None): 7}
        assert lists.trakt == named(film)
        ended = await house.compare()
        assert ended.plan is not None
        assert [one for one in ended.plan.warnings if "the watchlist on plex is off: there is no watchlist" in one]
