"""The libraries that a person's Plex servers offer, with what is in them and what of it counts as watched."""

import pytest

from conftest import FakeClock
from scrobbled.core.errors import TryLater
from scrobbled.core.kinds import ITEMS
from scrobbled.sandbox.plex.app import OWNER_TOKEN
from scrobbled.sandbox.plex.items import FILMS, SERIES
from scrobbled.sandbox.plex.people import ANNA, BEN, CABIN
from scrobbled.sandbox.plex.views import ViewState
from scrobbled.trackers.offers import LibraryOffer, OfferedLibrary
from trackers.plex_bench import AT_HOME, ROOT, PlexBench
from trackers.plex_library_bench import PlexLibraryBench

TWO = {
    "servers": [{"url": f"{ROOT}/plex", "token": OWNER_TOKEN}, {"url": f"{ROOT}/plex-cabin", "token": CABIN.token}],
    "account_url": f"{ROOT}/plextv",
}


@pytest.fixture
def plex(clock: FakeClock) -> PlexBench:
    return PlexBench(clock, only=("plex", "plex-cabin", "plextv"))


async def offered(plex: PlexBench, settings: dict[str, object] = AT_HOME, **whose: object) -> LibraryOffer:
    return await plex.tracker(settings, **whose).offers.offered()  # type: ignore[arg-type]


async def test_films_and_episodes_are_counted_and_what_this_person_watched_of_them(plex: PlexBench) -> None:
    film, episode = (plex.plex.library.of_type(one, kind) for one, kind in ((FILMS, "movie"), (SERIES, "episode")))
    for item in (film[0], episode[0], episode[1]):
        plex.plex.views.put(ANNA, item, ViewState(count=1, last=1_791_000_000))
    url = f"{ROOT}/plex"
    assert (await offered(plex)).libraries == (
        OfferedLibrary(url, "Films", "movie", len(film), 1),
        OfferedLibrary(url, "TV", "show", len(episode), 2),
    )
    guest = await offered(plex, {**AT_HOME, "token": plex.plex.face.token_of(BEN)}, viewer="ben", accounts=("ben",))
    assert [one.watched for one in guest.libraries] == [0, 0], "what somebody else watched is not theirs"


async def test_what_was_chosen_does_not_matter_and_nothing_is_kept_or_written(plex: PlexBench) -> None:
    await plex.signs_in()
    kept = dict(plex.tokens.values or {})
    found = await offered(plex, {"account_url": f"{ROOT}/plextv", "libraries": ["TV"]})
    assert [one.title for one in found.libraries] == ["Films", "TV"]
    assert plex.tokens.values == kept
    assert {one.partition(" ")[0] for one in plex.asked()} == {"GET"}
    assert len([one for one in plex.asked() if "/all" in one]) == 1 + 2 * len(found.libraries)


async def test_one_of_two_servers_that_does_not_answer_is_told_and_the_other_is_listed(plex: PlexBench) -> None:
    plex.sandbox["plex-cabin"].faults.start_outage()
    found = await offered(plex, TWO)
    assert {one.server for one in found.libraries} == {f"{ROOT}/plex"}
    assert [one.name for one in found.silent] == [f"{ROOT}/plex-cabin"]
    assert found.silent[0].why


async def test_one_that_breaks_off_in_between_is_told_as_well(plex: PlexBench) -> None:
    plex.fail("GET /library/sections/1/all", kind="status", status=503, times=9)
    found = await offered(plex, TWO)
    assert [one.name for one in found.silent] == [f"{ROOT}/plex"]
    plex.fail("GET /library/sections", kind="status", status=503, times=9)
    with pytest.raises(TryLater):
        await offered(plex)


async def test_a_server_that_ignores_paging_is_counted_all_the_same(plex: PlexBench) -> None:
    plex.plex.switches = plex.plex.switches.changed({"paging": "never"})
    first = (await offered(plex)).libraries[0]
    assert first.items == len(plex.plex.library.of_type(FILMS, "movie"))


async def test_a_library_of_one_server_alone_is_chosen_with_its_server_before_it(clock: FakeClock) -> None:
    bench = PlexLibraryBench(clock)
    bench.names, bench.titles = ["plex"], ("plex/Films",)
    await bench.read()
    films = len(bench.plex.library.of_type(FILMS, "movie"))
    assert bench.sizes()[ITEMS] == films
    bench.titles = ("attic/Films",)
    await bench.read()
    assert bench.sizes()[ITEMS] == 0
