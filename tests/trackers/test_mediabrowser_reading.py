"""How a library of Jellyfin or Emby is read: whole or not at all, with one person's state, and cheaply when idle."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from conftest import FakeClock
from scrobbled.clients import mediabrowser_lists
from scrobbled.core.errors import ContractDrift, LoginNeeded, TryLater
from scrobbled.core.kinds import COLLECTION, ITEMS, PLAYS, RATINGS, WATCHED
from scrobbled.core.naming.items import Episode
from scrobbled.sandbox import world as worlds
from scrobbled.sandbox.mediabrowser.jellyfin import BEN
from scrobbled.sandbox.mediabrowser.rows import UserData
from scrobbled.sandbox.plex.files import FileVersion
from scrobbled.sandbox.plex.items import FILMS, SERIES
from trackers.contract import EVENING
from trackers.mediabrowser_bench import MediaBrowserBench

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["jellyfin", "emby"])
def bench(request: pytest.FixtureRequest, clock: FakeClock) -> MediaBrowserBench:
    return MediaBrowserBench(request.param, clock)


@pytest.fixture
def jellyfin(clock: FakeClock) -> MediaBrowserBench:
    return MediaBrowserBench("jellyfin", clock)


def items_path(bench: MediaBrowserBench) -> str:
    return "/Items" if bench.name == "jellyfin" else f"/Users/{bench.anna.id}/Items"


# -- pages ------------------------------------------------------------------------------------------------------------


async def test_many_pages_are_one_list(bench: MediaBrowserBench, monkeypatch: pytest.MonkeyPatch) -> None:
    await bench.read()
    whole = dict(bench.mirror.values[ITEMS])
    monkeypatch.setattr(mediabrowser_lists, "LARGE_PAGE", 7)
    bench.mirror.cursor = {}
    bench.asked()
    reading = await bench.read()
    assert reading.values[ITEMS].complete
    assert bench.mirror.values[ITEMS] == whole
    assert len(bench.asked()) > 10


async def test_a_list_that_changes_while_it_is_read_is_read_once_more(
    bench: MediaBrowserBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One title goes and another comes, so that the number stays the same."""
    monkeypatch.setattr(mediabrowser_lists, "LARGE_PAGE", 7)
    library = bench.server.library
    episodes = sorted(library.of_type(SERIES, "episode"), key=lambda one: one.title)
    library.remove(episodes[-1])
    answered = bench.server.listed
    pages = 0

    def listed(*args: Any) -> Any:
        nonlocal pages
        pages += 1
        if pages == 5:
            library.put_back([episodes[-1]])
            library.remove(episodes[0])
        return answered(*args)

    monkeypatch.setattr(bench.server, "listed", listed)
    reading = await bench.read()
    places = {place for one in reading.subjects.values() for place in one.places}
    assert reading.values[ITEMS].complete
    assert places == {bench.place(one) for one in library.items.values()}


@pytest.mark.parametrize("rows", [[], None])
async def test_a_page_that_never_comes_is_no_end(
    bench: MediaBrowserBench, monkeypatch: pytest.MonkeyPatch, rows: list[Any] | None
) -> None:
    monkeypatch.setattr(mediabrowser_lists, "LARGE_PAGE", 7)
    await bench.read()
    before = dict(bench.mirror.values[ITEMS])
    body = {"Items": rows, "TotalRecordCount": 40, "StartIndex": 6}
    bench.fail(f"GET {items_path(bench)}", status=200, body=body, skip=1, times=None)
    with pytest.raises((TryLater, ContractDrift)):
        await bench.read(full=True)
    assert bench.mirror.values[ITEMS] == before


async def test_a_server_that_answers_with_everything_at_once_is_read_all_the_same(
    bench: MediaBrowserBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scrobbled.sandbox.mediabrowser.lists.ItemQuery.page", lambda query, items: (0, items))
    monkeypatch.setattr(mediabrowser_lists, "LARGE_PAGE", 7)
    assert (await bench.read()).values[ITEMS].complete


# -- what moved -------------------------------------------------------------------------------------------------------


async def test_a_mark_of_years_ago_is_news_at_once(bench: MediaBrowserBench) -> None:
    await bench.read()
    bench.put(bench.film, UserData(played=True, count=1, last=EVENING - timedelta(days=3_000)))
    reading = await bench.read()
    assert [one.at for one in reading.values[WATCHED].records] == [EVENING - timedelta(days=3_000)]


async def test_what_was_watched_without_a_date_is_undated(bench: MediaBrowserBench) -> None:
    bench.put(bench.film, UserData(played=True, count=1))
    await bench.read()
    held = bench.held(WATCHED, bench.film)
    assert held is not None
    assert held.at is None


async def test_what_is_being_played_has_no_date_that_counts(bench: MediaBrowserBench) -> None:
    """Some versions leave it played, and move the date."""
    bench.put(bench.film, UserData(played=True, count=2, last=bench.clock.now()))
    bench.server.playing[bench.anna.id] = bench.film
    await bench.read()
    held = bench.held(WATCHED, bench.film)
    assert held is not None
    assert isinstance(held.value, dict)
    assert held.value["begun"]
    bench.server.playing.clear()
    await bench.read()
    held = bench.held(WATCHED, bench.film)
    assert held is not None
    assert isinstance(held.value, dict)
    assert not held.value["begun"]


async def test_what_another_user_does_is_not_news(bench: MediaBrowserBench) -> None:
    await bench.read()
    ben = bench.server.people["ben"]
    bench.server.data[ben.id, bench.film.rating_key] = UserData(played=True, count=1, last=EVENING, rating=3)
    bench.server.playing[ben.id] = bench.episode
    reading = await bench.read()
    assert reading.values == {}


async def test_idle_it_takes_few_requests_however_many_titles(
    clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tenth of twenty thousand titles, in pages of a tenth of the usual size."""
    made = MediaBrowserBench("jellyfin", clock, world=worlds.build(3, shows=90, movies=300))
    monkeypatch.setattr(mediabrowser_lists, "LARGE_PAGE", mediabrowser_lists.LARGE_PAGE // 10)
    kinds = frozenset({PLAYS, RATINGS})
    count = sum(item.type in ("movie", "episode") for item in made.server.library.items.values())
    assert count >= 2_000
    first = await made.read(kinds=kinds)
    assert len(first.values[ITEMS].records) >= count
    made.asked()
    reading = await made.read(kinds=kinds)
    assert (reading.plays, reading.values) == (None, {})
    asked = made.asked()
    assert len(asked) <= 10, asked


# -- files that hold several episodes ---------------------------------------------------------------------------------


async def test_each_episode_of_a_file_is_held_and_has_its_state(bench: MediaBrowserBench) -> None:
    first, second = bench.server.library.of_type(SERIES, "episode")[:2]
    assert first.episode is not None
    bench.server.spans[first.rating_key] = first.episode.number + 1
    bench.server.library.remove(second)
    bench.put(first, UserData(played=True, count=1, last=EVENING, rating=8))
    reading = await bench.read()
    told = [
        one.item.number
        for one in reading.subjects.values()
        if one.scope == "episode" and any(place.startswith(bench.place(first)) for place in one.places)
        if isinstance(one.item, Episode)
    ]
    assert sorted(filter(None, told)) == [first.episode.number, first.episode.number + 1]
    assert len(reading.values[WATCHED].records) == 2
    assert reading.values[RATINGS].records == [], "nobody can tell which of the two was rated"


# -- libraries --------------------------------------------------------------------------------------------------------


async def test_only_the_chosen_libraries_are_read(bench: MediaBrowserBench) -> None:
    bench.settings["libraries"] = ["films"]
    reading = await bench.read()
    assert {one.scope for one in reading.subjects.values()} == {"movie"}


async def test_a_library_that_is_not_there_any_more_takes_nothing_along(bench: MediaBrowserBench) -> None:
    bench.put(bench.film, UserData(played=True, count=1, last=EVENING))
    await bench.read()
    bench.server.library.close(FILMS)
    reading = await bench.read()
    assert not reading.values[ITEMS].complete
    assert not reading.values[WATCHED].complete
    assert any("library Films" in told for told in reading.skipped)


async def test_other_libraries_that_are_chosen_are_no_removal(bench: MediaBrowserBench) -> None:
    await bench.read()
    bench.settings["libraries"] = ["TV"]
    reading = await bench.read()
    assert reading.rechosen
    assert not (await bench.read(full=True)).rechosen


async def test_where_nobody_may_see_the_libraries_all_is_read_unless_some_are_chosen(bench: MediaBrowserBench) -> None:
    views = "/UserViews" if bench.name == "jellyfin" else "/Users/*/Views"
    bench.fail(f"GET {views}", status=404, times=None)
    bench.fail("GET /Library/VirtualFolders", status=403, times=None)
    reading = await bench.read()
    assert {one.scope for one in reading.subjects.values()} == {"movie", "show", "season", "episode"}
    bench.settings["libraries"] = ["Films"]
    with pytest.raises(LoginNeeded):
        await bench.read()


async def test_what_is_only_known_to_exist_or_belongs_to_a_film_is_not_held(
    bench: MediaBrowserBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    films = bench.server.library.of_type(FILMS, "movie")
    row = bench.server.row
    odd = {films[0].rating_key: {"LocationType": "Virtual"}, films[1].rating_key: {"ExtraType": "Trailer"}}
    monkeypatch.setattr(bench.server, "row", lambda item, *more: {**row(item, *more), **odd.get(item.rating_key, {})})
    reading = await bench.read()
    held = {place for one in reading.subjects.values() for place in one.places}
    assert bench.place(films[2]) in held
    assert not {bench.place(films[0]), bench.place(films[1])} & held


# -- files ------------------------------------------------------------------------------------------------------------


async def test_files_are_asked_for_once_and_again_where_one_changed(bench: MediaBrowserBench) -> None:
    await bench.read()
    bench.asked()
    changed = FileVersion(2160, picture={"codec": "hevc", "colorTrc": "smpte2084"}, sounds=({"codec": "ac3"},))
    bench.server.library.hold(bench.film, media=(1080, changed), changed=99)
    await bench.read()
    held = bench.held(COLLECTION, bench.film)
    assert held is not None
    assert isinstance(held.value, dict)
    assert held.value == {
        "media_type": "digital",
        "resolution": "uhd_4k",
        "hdr": "hdr10",
        "audio": "dolby_digital",
    }
    few = bench.server.log
    assert sum("Ids" in one.query for one in few) == 1


async def test_a_pair_without_collection_asks_for_no_files(bench: MediaBrowserBench) -> None:
    await bench.read(kinds=frozenset({PLAYS, RATINGS}))
    assert not any("Ids" in one.query for one in bench.server.log)


# -- whose it is ------------------------------------------------------------------------------------------------------


async def test_a_user_is_found_by_name_or_id_and_nobody_else_is_read(bench: MediaBrowserBench) -> None:
    ben = bench.server.people["ben"]
    for user in ("Ben ", ben.id, ben.id.upper()):
        bench.settings["user"] = user
        reading = await bench.read()
        assert reading.owner == f"{ben.id} at {bench.server.face.id}"
    bench.settings["user"] = "nobody"
    with pytest.raises(LoginNeeded, match="user"):
        await bench.read()


async def test_without_a_user_it_is_whom_the_viewer_lists(bench: MediaBrowserBench) -> None:
    del bench.settings["user"]
    for accounts, name in (((), "anna"), (("ben", "anna"), "ben")):
        tracker = bench.tracker(accounts=accounts)
        reading = await tracker.reads.read(frozenset({PLAYS}), {}, bench.mirror, full=False)
        assert reading.owner.startswith(bench.server.people[name].id)


async def test_a_token_of_somebody_else_is_refused(jellyfin: MediaBrowserBench) -> None:
    jellyfin.settings |= {"token": BEN.token, "user": "anna"}
    with pytest.raises(LoginNeeded, match="ben"):
        await jellyfin.read()


async def test_a_token_of_the_user_is_enough(bench: MediaBrowserBench) -> None:
    bench.settings |= {"token": bench.server.people["ben"].token, "user": "ben"}
    reading = await bench.read()
    assert reading.values[ITEMS].complete


async def test_a_token_that_is_refused_asks_for_another(bench: MediaBrowserBench) -> None:
    bench.settings["token"] = "no-such-token"
    with pytest.raises(LoginNeeded, match=r"trackers\.\w+\.token of anna"):
        await bench.read()


async def test_another_server_at_the_address_is_another_account(bench: MediaBrowserBench) -> None:
    first = await bench.read()
    object.__setattr__(bench.server, "face", replace(bench.server.face, id="5" * 32))
    second = await bench.read()
    assert first.owner != second.owner
    assert second.values[ITEMS].complete
