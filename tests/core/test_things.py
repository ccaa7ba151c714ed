"""All names of a thing, and which of many are one thing."""

from collections.abc import Mapping, Sequence
from itertools import combinations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from scrobbled.core.kinds import Scope
from scrobbled.core.naming.ids import EpisodeIds, MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Item, Movie
from scrobbled.core.naming.things import MOST, SideKey, contradict, names_of, one_thing, share_an_id, united
from scrobbled.core.records import Subject, identity

FILM = Movie("Harbour", 2020, MovieIds(imdb="tt603", tmdb=603, tvdb=169, trakt=1, plex="plex://movie/1"))
SHOW = ShowIds(imdb="tt9", tmdb=1399, tvdb=121361, trakt=2)
PILOT = Episode("Harbour Lights", 1, 3, show_ids=SHOW, ids=EpisodeIds(imdb="tt5", tmdb=63056, tvdb=3254641))
SPECIAL = Episode("Harbour Lights", 0, 3, show_ids=SHOW, ids=EpisodeIds(tvdb=7))
COUNTED_ON = Episode("Harbour Lights", 1, 30, show_ids=SHOW, ids=EpisodeIds(tvdb=8), absolute=True)


@pytest.mark.parametrize(
    ("scope", "item", "names"),
    [
        ("movie", FILM, ("movie:tmdb:603", "movie:imdb:tt603", "movie:tvdb:169")),
        ("movie", Movie("Harbour", 2020, MovieIds(trakt=1)), ()),
        ("show", Episode("Harbour", None, None, show_ids=SHOW), ("show:1399", "show:imdb:tt9", "show:tvdb:121361")),
        ("season", Episode("H", 0, None, show_ids=ShowIds(tmdb=4, tvdb=5)), ("season:4:0", "season:tvdb:5:0")),
        ("season", Episode("H", None, None, show_ids=SHOW), ()),
        (
            "episode",
            PILOT,
            (
                *("episode:tmdb:63056", "episode:imdb:tt5", "episode:tvdb:3254641"),
                *("episode:1399:1:3", "episode:imdb:tt9:1:3", "episode:tvdb:121361:1:3"),
            ),
        ),
        ("episode", SPECIAL, ("episode:tvdb:7",)),
        ("episode", COUNTED_ON, ("episode:tvdb:8",)),
        ("episode", Episode("Harbour", 1, None, show_ids=SHOW), ()),
        ("episode", Episode("Harbour", 1, 0, show_ids=ShowIds(tmdb=4)), ("episode:4:1:0",)),
    ],
)
def test_a_thing_has_all_its_names_the_strongest_first(scope: Scope, item: Item, names: tuple[str, ...]) -> None:
    assert names_of(scope, item) == names


@pytest.mark.parametrize(
    ("one", "other", "same", "apart"),
    [
        ("movie:tmdb:1 movie:imdb:tt1", "movie:imdb:tt1", True, False),
        ("movie:tmdb:1 movie:imdb:tt1", "movie:imdb:tt1 movie:tmdb:2", False, True),
        ("movie:tmdb:1", "movie:imdb:tt1", False, False),
        ("movie:tmdb:1", "show:1", False, False),
        ("show:1 show:tvdb:9", "show:tvdb:9", True, False),
        ("show:1 show:tvdb:9", "show:2 show:tvdb:9", False, True),
        ("season:1:2 season:tvdb:9:2", "season:tvdb:9:2", True, False),
        ("season:1:2 season:tvdb:9:2", "season:5:2 season:tvdb:9:2", False, True),
        ("episode:1:1:3", "episode:tmdb:7 episode:1:1:3", True, False),
        ("episode:tmdb:7 episode:1:1:3", "episode:tmdb:8 episode:1:1:3", False, True),  # a place weighs less than an id
        ("episode:tmdb:7 episode:1:1:3", "episode:tmdb:7 episode:1:1:4", True, False),
        ("episode:tmdb:7 episode:tvdb:1", "episode:tmdb:7 episode:tvdb:2", False, True),
        ("episode:1:1:3 episode:tvdb:9:1:3", "episode:2:1:3 episode:tvdb:9:1:3", False, True),  # of two shows
        ("episode:tvdb:9", "episode:tvdb:9:1:3", False, False),
        ("", "", False, False),
    ],
)
def test_things_are_one_by_a_name_they_share_if_no_id_differs(one: str, other: str, same: bool, apart: bool) -> None:
    assert one_thing(one.split(), other.split()) is same
    assert contradict(one.split(), other.split()) is apart
    assert contradict(other.split(), one.split()) is apart


def test_a_place_is_no_id() -> None:
    assert share_an_id(["episode:tmdb:7", "episode:1:1:3"], ["episode:tmdb:7"])
    assert not share_an_id(["episode:tmdb:7", "episode:1:1:3"], ["episode:1:1:3"])


def groups(**named: str) -> list[str]:
    """``a1="movie:tmdb:1"`` is what side a calls 1. Of each group its keys."""
    found = united({(key[0], key[1:]): names.split() for key, names in named.items()})
    return [" ".join(map("".join, group)) for group in found]


def test_names_connect_over_things_that_know_more_of_them() -> None:
    found = groups(a1="movie:imdb:tt1", b1="movie:imdb:tt1 movie:tmdb:1", a2="movie:tmdb:1", a3="movie:tmdb:2")
    assert found == ["a1 b1 a2", "a3"]


def test_a_name_of_two_things_says_nothing_of_a_third() -> None:
    found = groups(b1="movie:tmdb:1 movie:imdb:tt1", b2="movie:tmdb:2 movie:imdb:tt1", a1="movie:imdb:tt1")
    assert found == ["b1", "b2", "a1"]
    found = groups(b1="movie:tmdb:1 movie:imdb:tt1", b2="movie:tmdb:2 movie:imdb:tt1", a1="movie:imdb:tt1 movie:tmdb:2")
    assert found == ["b1", "b2 a1"]


def test_an_id_is_believed_before_a_place() -> None:
    found = groups(
        a1="episode:tmdb:7 episode:1:1:1", b1="episode:tmdb:7 episode:1:1:2", b2="episode:tmdb:8 episode:1:1:1"
    )
    assert found == ["a1 b1", "b2"]


def test_by_a_place_alone_a_side_has_nothing_twice() -> None:
    special = groups(a1="episode:tmdb:7 episode:1:1:13", b1="episode:tmdb:7", b2="episode:1:1:13")
    assert special == ["a1 b1", "b2"]
    listed_twice = groups(a1="episode:tvdb:7 episode:1:1:13", b1="episode:1:1:13", a2="episode:imdb:tt7 episode:1:1:13")
    assert listed_twice == ["a1 b1 a2"]


def test_what_too_many_have_is_no_name() -> None:
    wrong = {("a", str(n)): ["movie:imdb:tt0", f"movie:tvdb:{n // 2}"] for n in range(2 * MOST + 2)}
    assert {len(group) for group in united(wrong)} == {2}


@given(st.permutations(range(5)))
def test_the_order_decides_nothing(order: Sequence[int]) -> None:
    all_of_them = {
        ("a", "1"): ["episode:tmdb:7", "episode:1:1:1"],
        ("a", "2"): ["episode:tvdb:4", "episode:1:1:2"],
        ("b", "1"): ["episode:tmdb:7", "episode:1:1:2"],
        ("b", "2"): ["episode:1:1:2"],
        ("b", "3"): ["episode:tvdb:4", "episode:tmdb:7"],
    }
    expected = {frozenset(group) for group in united(all_of_them)}
    keys = list(all_of_them)
    assert {frozenset(group) for group in united({keys[n]: all_of_them[keys[n]] for n in order})} == expected


NUMBERS = st.integers(1, 3)
IDS = st.none() | NUMBERS
ITEMS = st.builds(
    Episode,
    show_title=st.just("H"),
    season=st.integers(0, 2),
    number=NUMBERS,
    show_ids=st.builds(ShowIds, tmdb=IDS, tvdb=IDS),
    ids=st.builds(EpisodeIds, tmdb=IDS, tvdb=IDS, imdb=st.none() | st.sampled_from(("tt1", "tt2"))),
    absolute=st.booleans(),
) | st.builds(Movie, title=st.just("H"), ids=st.builds(MovieIds, tmdb=IDS, tvdb=IDS, imdb=st.none() | st.just("tt1")))
NAMES = ITEMS.map(lambda item: names_of(item.media, item))


@given(ITEMS)
def test_the_name_of_before_is_one_of_them(item: Item) -> None:
    known = identity(Subject("", item.media, item))
    assert known is None or known in names_of(item.media, item)


@given(NAMES, NAMES)
def test_neither_contradiction_nor_sameness_has_a_direction(one: Sequence[str], other: Sequence[str]) -> None:
    assert contradict(one, other) == contradict(other, one)
    assert one_thing(one, other) == one_thing(other, one)
    assert not contradict(one, one)
    pair = {("a", "1"): one, ("b", "1"): other}
    assert (len(united(pair)) == 1) == one_thing(one, other)


def told(full: Sequence[str], known: Sequence[bool]) -> list[str]:
    return [name for name, is_known in zip(full, known, strict=False) if is_known]


VIEWS = st.lists(st.tuples(st.integers(0, 2), st.lists(st.booleans(), min_size=6, max_size=6)), min_size=1, max_size=7)


@given(VIEWS)
def test_where_nothing_contradicts_it_goes_on_from_one_to_the_next(views: list[tuple[int, list[bool]]]) -> None:
    """Each service knows some of the names of a thing, and has it once."""
    named: Mapping[SideKey, list[str]] = {
        (f"side {n}", str(thing)): told(_of(thing), known) for n, (thing, known) in enumerate(views)
    }
    groups = {key: number for number, group in enumerate(united(named)) for key in group}
    for one, other in combinations(named, 2):
        if not set(named[one]).isdisjoint(named[other]):
            assert groups[one] == groups[other]
        if one[1] != other[1]:
            assert groups[one] != groups[other]


def _of(thing: int) -> tuple[str, ...]:
    ids = EpisodeIds(tmdb=thing, tvdb=10 + thing, imdb=f"tt{thing}")
    return names_of("episode", Episode("H", 1, thing, show_ids=ShowIds(tmdb=1, tvdb=2, imdb="tt3"), ids=ids))


@given(st.lists(NAMES, min_size=1, max_size=6), st.data())
def test_nothing_is_put_together_that_an_id_tells_apart(told: list[Sequence[str]], data: st.DataObject) -> None:
    sides = data.draw(st.lists(st.sampled_from("ab"), min_size=len(told), max_size=len(told)))
    named = {(side, str(n)): names for n, (side, names) in enumerate(zip(sides, told, strict=True))}
    assume(len(named) > 1)
    found = united(named)
    assert sorted(key for group in found for key in group) == sorted(named)
    for group in found:
        ids = {name for key in group for name in named[key] if len(name.split(":")) == 3}
        assert len({name.rpartition(":")[0] for name in ids}) == len(ids)
