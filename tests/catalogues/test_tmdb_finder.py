"""Asking TMDB which show an episode belongs to."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from scrobbled.catalogues.base import KEEP_HIT, KEEP_MISS
from scrobbled.catalogues.tmdb import TmdbFinder
from scrobbled.core.errors import ContractDrift, LoginNeeded, TrackerError, TryLater
from scrobbled.core.naming.ids import EpisodeIds, ShowIds
from scrobbled.core.naming.items import Episode
from scrobbled.core.naming.matching import Claim, Finding
from scrobbled.plumbing.http import Http
from scrobbled.sandbox.base import Fault
from scrobbled.sandbox.tmdb.app import API_KEY, READ_TOKEN, TmdbStandIn
from scrobbled.sandbox.world import WorldEpisode, WorldShow, build

WORLD = build()
SHOW, OTHER = WORLD.shows[1], WORLD.shows[2]
ENTRY = SHOW.episode(2, 5)
BY_TVDB = Claim(2, 5, "TVDB episode id at TMDB")


class Memory:
    def __init__(self) -> None:
        self.values: dict[str, tuple[Any, float]] = {}

    async def get(self, key: str) -> Any:
        return self.values.get(key, (None, 0.0))[0]

    async def put(self, key: str, value: Any, *, seconds: float) -> None:
        self.values[key] = (value, seconds)


@pytest.fixture
def tmdb() -> TmdbStandIn:
    return TmdbStandIn(WORLD, now=lambda: datetime(2026, 11, 14, 20, 0, tzinfo=UTC))


@pytest.fixture
def cache() -> Memory:
    return Memory()


@pytest.fixture
def find(tmdb: TmdbStandIn, cache: Memory, clock: Any) -> Callable[..., Sequence[Finding]]:
    """Asks for all the episodes given at once; the findings of all of them."""

    def ask(*episodes: Episode, deeper: bool = False, key: str = READ_TOKEN) -> Sequence[Finding]:
        async def run() -> Sequence[Finding]:
            http = Http("http://tmdb.test/3", transport=httpx.ASGITransport(tmdb))
            finder = TmdbFinder(http, key, cache, clock=clock)
            try:
                found = await asyncio.gather(*(finder.find_show(episode, deeper=deeper) for episode in episodes))
            finally:
                await http.aclose()
            return [finding for findings in found for finding in findings]

        return asyncio.run(run())

    return ask


def episode(
    show: WorldShow = SHOW,
    entry: WorldEpisode = ENTRY,
    *,
    ids: EpisodeIds | None = None,
    show_ids: ShowIds | None = None,
) -> Episode:
    """Numbered by its source as S9 E9, so that a claim of TMDB's can be told from one of the source."""
    if ids is None:
        ids = EpisodeIds(tvdb=entry.tvdb)
    return Episode(show.title, 9, 9, title=entry.title, ids=ids, show_ids=show_ids or ShowIds())


def requests(tmdb: TmdbStandIn) -> list[str]:
    return [call.path for call in tmdb.log]


@pytest.mark.parametrize(
    ("ids", "method"),
    [
        (EpisodeIds(tvdb=ENTRY.tvdb), "TVDB episode id at TMDB"),
        (EpisodeIds(imdb=ENTRY.imdb), "IMDB episode id at TMDB"),
        (EpisodeIds(tvdb=999_999_999, imdb=ENTRY.imdb), "IMDB episode id at TMDB"),
    ],
)
def test_an_episode_id_gives_show_and_place(
    find: Callable[..., Sequence[Finding]], ids: EpisodeIds, method: str
) -> None:
    (finding,) = find(episode(ids=ids))
    assert finding.match.ids == ShowIds(tmdb=SHOW.tmdb)
    assert finding.match.claims == (Claim(2, 5, method),)
    assert finding.certain


@pytest.mark.parametrize("show_ids", [ShowIds(tvdb=SHOW.tvdb), ShowIds(imdb=SHOW.imdb)])
def test_a_show_id_gives_the_show_in_one_request(
    find: Callable[..., Sequence[Finding]], tmdb: TmdbStandIn, show_ids: ShowIds
) -> None:
    (finding,) = find(episode(show_ids=show_ids))
    assert finding.match.ids == replace(show_ids, tmdb=SHOW.tmdb)
    assert (finding.title, finding.certain) == (SHOW.title, True)
    assert [(c.season, c.number) for c in finding.match.claims] == [(9, 9)]
    assert len(requests(tmdb)) == 1


def test_a_known_tmdb_show_needs_no_request(find: Callable[..., Sequence[Finding]], tmdb: TmdbStandIn) -> None:
    (finding,) = find(episode(show_ids=ShowIds(tmdb=SHOW.tmdb)))
    assert finding.match.ids.tmdb == SHOW.tmdb
    assert requests(tmdb) == []


def test_looking_deeper_puts_the_episodes_own_place_first(find: Callable[..., Sequence[Finding]]) -> None:
    (finding,) = find(episode(show_ids=ShowIds(tmdb=SHOW.tmdb)), deeper=True)
    assert finding.certain
    assert [(c.season, c.number) for c in finding.match.claims] == [(2, 5), (9, 9)]


def test_the_wanted_type_is_chosen_where_one_number_is_two_things(
    find: Callable[..., Sequence[Finding]], tmdb: TmdbStandIn
) -> None:
    """One TVDB number is a series and an episode; the answer holds both."""
    both = {
        "tv_results": [{"id": 1, "name": "Series", "first_air_date": "2001-02-03"}],
        "tv_episode_results": [{"id": 7, "show_id": 2, "season_number": 0, "episode_number": 4}],
        "movie_results": [{"id": 3}],
    }
    tmdb.faults.add(Fault("GET /3/find/*", "status", status=200, body=both))
    (by_episode,) = find(episode(ids=EpisodeIds(tvdb=55)))
    (by_show,) = find(episode(ids=EpisodeIds(), show_ids=ShowIds(tvdb=55)))
    assert (by_episode.match.ids.tmdb, by_episode.match.claims[0].season) == (2, 0)
    assert (by_show.match.ids.tmdb, by_show.title, by_show.year) == (1, "Series", 2001)


def test_a_show_number_given_as_an_episode_number_finds_nothing(find: Callable[..., Sequence[Finding]]) -> None:
    assert find(episode(ids=EpisodeIds(tvdb=SHOW.tvdb, imdb=SHOW.imdb))) == []
    assert find(episode(ids=EpisodeIds(), show_ids=ShowIds(tvdb=ENTRY.tvdb, imdb=ENTRY.imdb))) == []


def test_a_tmdb_episode_id_alone_is_never_asked(find: Callable[..., Sequence[Finding]], tmdb: TmdbStandIn) -> None:
    assert find(episode(ids=EpisodeIds(tmdb=ENTRY.tmdb)), deeper=True) == []
    assert requests(tmdb) == []


def test_ids_that_agree_are_certain(find: Callable[..., Sequence[Finding]]) -> None:
    (finding,) = find(episode(show_ids=ShowIds(tvdb=SHOW.tvdb, imdb=SHOW.imdb)))
    assert finding.certain
    assert finding.match.ids == ShowIds(tmdb=SHOW.tmdb, tvdb=SHOW.tvdb, imdb=SHOW.imdb)


@pytest.mark.parametrize(
    "wrong",
    [
        episode(show_ids=ShowIds(tvdb=SHOW.tvdb, imdb=OTHER.imdb)),
        episode(show_ids=ShowIds(tvdb=OTHER.tvdb)),
        episode(show_ids=ShowIds(tmdb=OTHER.tmdb)),
        episode(show_ids=ShowIds(imdb=OTHER.imdb)),
    ],
)
def test_ids_that_contradict_each_other_are_never_certain(
    find: Callable[..., Sequence[Finding]], wrong: Episode
) -> None:
    findings = find(wrong, deeper=True)
    assert findings
    assert not any(finding.certain for finding in findings)


def test_an_episode_of_another_show_than_the_source_says_is_not_certain(
    find: Callable[..., Sequence[Finding]], tmdb: TmdbStandIn
) -> None:
    tmdb.faults.add(Fault("GET /3/find/999", "status", status=404))
    (finding,) = find(episode(show_ids=ShowIds(tvdb=999)))
    assert finding.match.ids == ShowIds(tmdb=SHOW.tmdb)
    assert not finding.certain


def test_several_shows_for_one_id_are_suggestions_until_the_episode_decides(
    find: Callable[..., Sequence[Finding]], tmdb: TmdbStandIn
) -> None:
    twins = {"tv_results": [{"id": OTHER.tmdb, "name": "Twin"}, {"id": SHOW.tmdb, "name": SHOW.title}]}
    tmdb.faults.add(Fault("GET /3/find/77", "status", status=200, body=twins))
    plain = find(episode(ids=EpisodeIds(tvdb=ENTRY.tvdb), show_ids=ShowIds(tvdb=77)))
    assert [(f.match.ids.tmdb, f.certain) for f in plain] == [(OTHER.tmdb, False), (SHOW.tmdb, False)]


def test_an_episode_id_settles_a_tie_between_shows(find: Callable[..., Sequence[Finding]], tmdb: TmdbStandIn) -> None:
    twins = {"tv_results": [{"id": OTHER.tmdb, "name": "Twin"}, {"id": SHOW.tmdb, "name": SHOW.title}]}
    tmdb.faults.add(Fault(f"GET /3/find/{SHOW.imdb}", "status", status=200, body=twins))
    (finding,) = find(episode(show_ids=ShowIds(imdb=SHOW.imdb)), deeper=True)
    assert (finding.match.ids.tmdb, finding.certain, finding.match.claims[0]) == (SHOW.tmdb, True, BY_TVDB)


@pytest.mark.parametrize("changes", [{"absolute": True}, {"season": None}, {"number": None}])
def test_numbers_that_count_otherwise_are_no_claim(
    find: Callable[..., Sequence[Finding]], changes: dict[str, Any]
) -> None:
    (finding,) = find(replace(episode(show_ids=ShowIds(tvdb=SHOW.tvdb)), **changes))
    assert finding.match.claims == ()


# --- asking politely -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("key", "in_address"), [(API_KEY, True), (API_KEY + "\n", True), (READ_TOKEN, False)])
def test_either_credential_works_where_it_belongs(
    find: Callable[..., Sequence[Finding]], tmdb: TmdbStandIn, key: str, in_address: bool
) -> None:
    assert find(episode(), key=key)
    assert ("api_key" in tmdb.log[0].query) is in_address


def test_a_refused_key_says_what_to_do_and_keeps_the_key_to_itself(
    find: Callable[..., Sequence[Finding]], cache: Memory
) -> None:
    wrong = "f" * 32
    with pytest.raises(LoginNeeded, match=r"metadata\.tmdb\.key") as caught:
        find(episode(), key=wrong)
    assert wrong not in str(caught.value)
    assert cache.values == {}


def test_answers_are_kept_a_month_and_misses_an_hour(
    find: Callable[..., Sequence[Finding]], tmdb: TmdbStandIn, cache: Memory
) -> None:
    unknown = episode(ids=EpisodeIds(tvdb=999_999_999))
    assert len(find(episode(), unknown)) == 1
    assert len(find(episode(), unknown)) == 1
    assert len(requests(tmdb)) == 2
    assert sorted(seconds for _, seconds in cache.values.values()) == [KEEP_MISS, KEEP_HIT]


def test_a_missing_page_is_nothing_found(find: Callable[..., Sequence[Finding]], tmdb: TmdbStandIn) -> None:
    tmdb.faults.add(Fault("GET /3/find/*", "status", status=404))
    assert find(episode()) == []


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault("*", "status", status=429, headers={"retry-after": "7"}), TryLater),
        (Fault("*", "status", status=503), TryLater),
        (Fault("*", "drop"), TryLater),
        (Fault("*", "html"), ContractDrift),
        (Fault("*", "malformed"), ContractDrift),
        (Fault("*", "status", status=418), ContractDrift),
        (Fault("*", "status", status=200, body=[]), ContractDrift),
        (Fault("*", "status", status=200, body={}), ContractDrift),
        (Fault("*", "status", status=200, body={"tv_episode_results": {}}), ContractDrift),
        (Fault("*", "status", status=200, body={"tv_episode_results": [1]}), ContractDrift),
        (Fault("*", "status", status=200, body={"tv_episode_results": [{"show_id": True}]}), ContractDrift),
    ],
)
def test_a_failure_is_told_and_never_kept(
    find: Callable[..., Sequence[Finding]], tmdb: TmdbStandIn, cache: Memory, fault: Fault, error: type[TrackerError]
) -> None:
    tmdb.faults.add(fault)
    with pytest.raises(error):
        find(episode())
    assert cache.values == {}


def test_many_questions_keep_to_ten_a_second(
    find: Callable[..., Sequence[Finding]], tmdb: TmdbStandIn, clock: Any
) -> None:
    entries = [entry for show in WORLD.shows for entry in show.episodes()][:34]
    assert len(find(*[episode(entry=entry) for entry in entries])) == len(entries)
    assert clock.monotonic() == pytest.approx((len(entries) - 4) / 10)
    assert tmdb.peak_in_flight <= 4
