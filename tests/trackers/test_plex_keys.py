"""Keys of a library: one for each thing, however many copies there are, and the same whatever becomes of its files."""

from collections.abc import Sequence
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from scrobbled.core.kinds import Scope
from scrobbled.core.naming.ids import EpisodeIds, MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Item, Movie
from scrobbled.core.naming.things import contradict, names_of, one_thing
from scrobbled.core.records import Subject
from scrobbled.trackers.copies.entries import LibraryEntry
from scrobbled.trackers.copies.keys import keyed, weak_names
from scrobbled.trackers.copies.records import copies_by_key, subject_of

SHOW = ShowIds(tmdb=717171, tvdb=440011)
GUID = "plex://movie/5d776a1eaa11bb22cc33dd01"


def copy(place: str, item: Item, *, scope: Scope | None = None) -> LibraryEntry:
    return LibraryEntry(place, scope or item.media, item)


def film(place: str, *, title: str = "Harbour", **ids: int | str) -> LibraryEntry:
    return copy(place, Movie(title, 2020, MovieIds(**ids)))


def episode(
    place: str, season: int, number: int, *, show: ShowIds = SHOW, absolute: bool = False, **ids: int | str
) -> LibraryEntry:
    own = EpisodeIds(**ids)
    return copy(place, Episode("Harbour Lights", season, number, show_ids=show, ids=own, absolute=absolute))


def read(*entries: LibraryEntry, known: Sequence[Subject] = ()) -> dict[str, Subject]:
    """The subject of each place. ``known`` are those of earlier reads."""
    by_place = {one.place: one for one in entries}
    keys = keyed(by_place, {subject.key: subject for subject in known})
    held = copies_by_key(by_place, keys)
    found = {key: subject_of(key, copies) for key, copies in held.items()}
    return {one.place: found[keys[one.place]] for one in entries}


def keys_of(*entries: LibraryEntry, known: Sequence[Subject] = ()) -> list[str]:
    return [subject.key for subject in read(*entries, known=known).values()]


@pytest.mark.parametrize(
    ("entry", "key"),
    [
        (film("m/1", tvdb=5, imdb="tt1", tmdb=9, plex=GUID), "movie:tmdb:9"),
        (film("m/1", tvdb=5, imdb="tt1"), "movie:imdb:tt1"),
        (film("m/1", tvdb=5), "movie:tvdb:5"),
        (film("m/1", plex=GUID), "movie:plex:5d776a1eaa11bb22cc33dd01"),
        (film("m/1"), "movie:local:m/1:harbour"),
        (episode("m/1", 1, 2, imdb="tt5"), "episode:imdb:tt5"),
        (episode("m/1", 1, 2), "episode:717171:1:2"),
        (episode("m/1", 0, 2), "episode:tmdb-show:717171/0/2"),
        (episode("m/1", 1, 133, show=ShowIds(tvdb=440011), absolute=True), "episode:tvdb-show:440011/1/133/absolute"),
        (copy("m/1", Episode("Harbour Lights", None, None, show_ids=SHOW), scope="show"), "show:717171"),
        (copy("m/1", Episode("Harbour Lights", 2, None, show_ids=SHOW), scope="season"), "season:717171:2"),
        (copy("m/1", Episode("H", 2, None, show_ids=ShowIds(plex="a/b")), scope="season"), "season:plex:b/2"),
    ],
)
def test_a_thing_is_called_by_its_surest_id_and_without_any_by_its_place(entry: LibraryEntry, key: str) -> None:
    assert keys_of(entry) == [key]


def test_copies_in_two_libraries_on_two_servers_and_in_two_editions_are_one_thing() -> None:
    found = read(
        film("m/1", tmdb=9, imdb="tt1"), film("m/2", tmdb=9, tvdb=5), film("n/1", imdb="tt1"), film("n/7", tmdb=8)
    )
    assert {subject.key for subject in found.values()} == {"movie:tmdb:9", "movie:tmdb:8"}
    assert found["m/1"].places == ("m/1", "m/2", "n/1")
    assert found["m/1"].item.ids == MovieIds(tmdb=9, imdb="tt1", tvdb=5)


def test_two_films_that_one_wrong_id_connects_stay_two() -> None:
    found = read(film("m/1", tmdb=9, imdb="tt1"), film("m/2", tmdb=8, imdb="tt1"), film("m/3", imdb="tt1"))
    assert [subject.key for subject in found.values()] == ["movie:tmdb:9", "movie:tmdb:8", "movie:local:m/3:harbour"]


def test_a_film_that_one_copy_gives_another_id_is_not_put_together_and_neither_takes_the_name_of_both() -> None:
    assert keys_of(film("m/1", tmdb=9, imdb="tt1"), film("m/2", tmdb=9, imdb="tt2")) == [
        "movie:imdb:tt1",
        "movie:imdb:tt2",
    ]


def test_specials_and_other_orders_meet_by_their_ids_and_never_by_a_number_alone() -> None:
    assert keys_of(episode("m/1", 0, 5, tvdb=3), episode("n/1", 1, 9, tvdb=3)) == ["episode:tvdb:3"] * 2
    assert len(set(keys_of(episode("m/1", 0, 5, tvdb=3), episode("n/1", 0, 5)))) == 2
    assert len(set(keys_of(episode("m/1", 1, 5, tvdb=3), episode("n/1", 1, 5, tvdb=4)))) == 2
    assert keys_of(episode("m/1", 1, 5, tvdb=3), episode("n/1", 1, 5)) == ["episode:tvdb:3"] * 2


def kept(before: LibraryEntry, after: LibraryEntry) -> bool:
    known = read(before)[before.place]
    return keys_of(after, known=[known]) == [known.key]


def test_a_key_stays_when_a_file_is_added_again_or_its_agent_is_another() -> None:
    legacy, modern = film("m/1", imdb="tt1"), film("m/1", imdb="tt1", tmdb=9, plex=GUID)
    assert kept(legacy, modern)
    assert kept(modern, legacy)
    assert kept(modern, film("m/4711", imdb="tt1", tmdb=9, plex=GUID))
    assert kept(film("m/1", plex=GUID), modern), "ids are looked up after the file was added"
    assert kept(modern, film("m/9", plex=GUID))
    assert kept(film("m/1"), film("m/1", tmdb=9)), "somebody has matched it by hand"
    assert kept(film("m/1", tmdb=9, imdb="tt1"), film("m/1", tmdb=9, imdb="tt2")), "one id was corrected"
    assert kept(episode("m/1", 1, 2), episode("m/1", 1, 2, tvdb=3))
    assert kept(episode("m/1", 0, 2), episode("m/1", 0, 2, tvdb=3))


def test_what_is_another_thing_at_the_same_place_gets_a_key_of_its_own() -> None:
    assert not kept(film("m/1", tmdb=9), film("m/1", tmdb=8))
    assert not kept(film("m/1"), film("m/1", title="Another", tmdb=9)), "the server has begun anew"
    assert not kept(film("m/1"), film("m/2"))
    assert not kept(episode("m/1", 0, 2), episode("n/5", 0, 2, tvdb=3)), "a special at another place"


def test_of_two_that_turn_out_to_be_one_the_surer_key_stays() -> None:
    known = list(read(film("m/1", tmdb=9), film("m/2", imdb="tt1")).values())
    assert keys_of(film("m/1", tmdb=9, imdb="tt1"), film("m/2", imdb="tt1"), known=known) == ["movie:tmdb:9"] * 2


def test_a_key_that_something_had_is_given_to_nothing_else() -> None:
    gone = Subject("movie:tmdb:9", "movie", Movie("Harbour", 2020, MovieIds(imdb="tt7")), places=("m/1",))
    assert keys_of(film("m/2", tmdb=9), known=[gone]) == ["movie:local:m/2:harbour"]


IDS = st.none() | st.integers(1, 3)
IMDB = st.none() | st.sampled_from(("tt1", "tt2"))
PLEX = st.none() | st.sampled_from(("plex://movie/a", "plex://movie/b"))
FILMS = st.builds(MovieIds, tmdb=IDS, tvdb=IDS, imdb=IMDB, plex=PLEX).map(lambda ids: Movie("Harbour", 2020, ids))
EPISODES = st.builds(
    Episode,
    show_title=st.just("H"),
    season=st.integers(0, 1),
    number=st.integers(1, 2),
    show_ids=st.builds(ShowIds, tmdb=IDS, tvdb=IDS),
    ids=st.builds(EpisodeIds, tmdb=IDS, imdb=IMDB),
    absolute=st.booleans(),
)
LIBRARIES = st.lists(FILMS | EPISODES, max_size=8).map(
    lambda items: [copy(f"m/{number}", item) for number, item in enumerate(items)]
)


def test_of_two_that_were_one_thing_the_same_one_keeps_its_key_in_whatever_order_they_come() -> None:
    one, other = (Episode("H", 0, 1, ids=ids) for ids in (EpisodeIds(tmdb=1), EpisodeIds(tmdb=1, imdb="tt2")))
    before = Subject(
        "episode:tmdb:1", "episode", replace(one, ids=EpisodeIds(tmdb=1, imdb="tt1")), None, ("m/1", "m/3")
    )
    rows = [copy("m/1", one), copy("m/3", other)]
    found = read(*rows, known=[before])
    assert read(*reversed(rows), known=[before]) == found
    assert len({subject.key for subject in found.values()}) == 2


@given(LIBRARIES, LIBRARIES, st.randoms())
def test_the_order_of_rows_and_of_what_is_known_does_not_matter(
    before: list[LibraryEntry], library: list[LibraryEntry], chance: object
) -> None:
    known = list({subject.key: subject for subject in read(*before).values()}.values())
    expected = {place: subject.key for place, subject in read(*library, known=known).items()}
    for shuffled in (library, known):
        chance.shuffle(shuffled)
    assert {place: subject.key for place, subject in read(*library, known=known).items()} == expected


@given(LIBRARIES)
def test_what_was_read_is_called_the_same_when_it_is_read_again(library: list[LibraryEntry]) -> None:
    first = read(*library)
    assert read(*library, known=list({subject.key: subject for subject in first.values()}.values())) == first


@given(LIBRARIES, LIBRARIES)
def test_whatever_was_there_before_keys_come_to_rest(before: list[LibraryEntry], library: list[LibraryEntry]) -> None:
    """What was known wrongly may be called something else once it is not said any more."""
    known = {subject.key: subject for subject in read(*before).values()}
    reads: list[dict[str, Subject]] = []
    for _ in range(4):
        reads.append(read(*library, known=list(known.values())))
        known |= {subject.key: subject for subject in reads[-1].values()}
    assert reads[-1] == reads[-2]


@given(LIBRARIES)
def test_what_an_id_tells_apart_never_has_one_key(library: list[LibraryEntry]) -> None:
    found = read(*library)
    for one in library:
        for other in library:
            if contradict(*names([one, other])):
                assert found[one.place].key != found[other.place].key


@given(LIBRARIES)
def test_equal_copies_are_one_thing(library: list[LibraryEntry]) -> None:
    """Unless their names are also those of things which contradict each other, and so say nothing."""
    twins = [copy(f"n/{number}", one.item) for number, one in enumerate(library)]
    found = read(*library, *twins)
    agrees = all(one_thing(*pair) or {*pair[0]}.isdisjoint(pair[1]) for pair in combinations(names(library), 2))
    for one, twin in zip(library, twins, strict=True):
        if agrees and (names([one])[0] or any(weak_names(one.scope, one.item))):
            assert found[one.place].key == found[twin.place].key


def names(library: Sequence[LibraryEntry]) -> list[tuple[str, ...]]:
    return [names_of(one.scope, one.item) for one in library]
