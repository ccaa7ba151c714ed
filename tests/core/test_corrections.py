"""What the owner says an item is: which correction holds, what it makes of the item, and that it touches no other."""

import itertools
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from scrobbled.core.errors import NotInCatalogue
from scrobbled.core.naming.corrections import (
    Correction,
    Ignore,
    Of,
    OfMovie,
    OfShow,
    Target,
    ToMovie,
    ToShow,
    corrected,
)
from scrobbled.core.naming.ids import EpisodeIds, MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Item, Movie
from scrobbled.core.naming.matching import Claim, Listed, Placed, place

EPISODE = Episode(
    "Harbour Lights",
    1,
    15,
    title="Low Tide",
    show_ids=ShowIds(tvdb=440_000),
    ids=EpisodeIds(tvdb=180_015),
    air_date=date(2020, 1, 5),
)
FILM = Movie("Salt Flats", 2019, MovieIds(imdb="tt7700001"))


def correction(of: Of, target: Target = Ignore(), *, id_: int = 1, viewer: str | None = None) -> Correction:  # noqa: B008
    return Correction(id_, viewer, of, target)


def applies(of: Of, item: Item) -> bool:
    return corrected(item, "anna", [correction(of)]).correction is not None


# -- what it is about ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        (OfShow("harbour lights"), True),
        (OfShow("Hárbour  Lights!"), True),
        (OfShow("Harbour"), False),
        (OfShow("Harbour Lights", 2020), False),  # nobody knows this one's year
        (OfShow(ids=ShowIds(tvdb=440_000)), True),
        (OfShow(ids=ShowIds(tmdb=440_000)), False),
        (OfShow("Other", ids=ShowIds(tvdb=440_000)), True),
        (OfShow("Harbour Lights", ids=ShowIds(tvdb=1)), False),  # of that name, and another show
        (OfShow("Harbour Lights", ids=ShowIds(tmdb=1)), True),  # nothing says that it is another
        (OfShow("Harbour Lights", season=1), True),
        (OfShow("Harbour Lights", season=0), False),
        (OfShow("Harbour Lights", season=1, first=15, last=15), True),
        (OfShow("Harbour Lights", season=1, first=16), False),
        (OfShow("Harbour Lights", season=1, first=13), True),
        (OfShow("Harbour Lights", season=1, first=1, last=14), False),
        (OfShow("Harbour Lights", first=13, last=24), False),  # numbers of a season are not through the show
        (OfShow(), False),
        (OfMovie("Harbour Lights"), False),
    ],
)
def test_a_correction_of_a_show_holds_for_what_it_names(of: OfShow, expected: bool) -> None:
    assert applies(of, EPISODE) is expected


def test_a_year_is_found_beside_the_title_and_in_it() -> None:
    wanted = OfShow("Harbour Lights", 2021)
    assert applies(wanted, replace(EPISODE, show_year=2021))
    assert applies(wanted, replace(EPISODE, show_title="Harbour Lights (2021)"))
    assert applies(OfShow("Harbour Lights (2021)"), replace(EPISODE, show_year=2021))
    assert not applies(wanted, replace(EPISODE, show_year=1990))


def test_titles_without_a_letter_are_the_same_as_nothing() -> None:
    assert not applies(OfShow("…"), replace(EPISODE, show_title="???"))
    assert not applies(OfShow("???", 2020), replace(EPISODE, show_title="!!!", show_year=2020))


def test_numbers_through_the_whole_show_need_no_season() -> None:
    through = OfShow("Harbour Lights", first=13, last=24)
    assert applies(through, replace(EPISODE, absolute=True))
    assert applies(through, replace(EPISODE, season=None))
    assert not applies(through, replace(EPISODE, season=None, number=None))


def test_a_film_is_no_show_and_a_show_no_film() -> None:
    assert applies(OfMovie("Salt Flats"), FILM)
    assert applies(OfMovie("Salt Flats", 2019), FILM)
    assert applies(OfMovie(ids=MovieIds(imdb="tt7700001")), FILM)
    assert not applies(OfMovie("Salt Flats", 2018), FILM)
    assert not applies(OfShow("Salt Flats"), FILM)
    assert not applies(OfShow(ids=ShowIds(imdb="tt7700001")), FILM)


def test_what_is_for_one_person_is_for_nobody_else() -> None:
    mine = correction(OfShow("Harbour Lights"), viewer="anna")
    assert corrected(EPISODE, "anna", [mine]).correction is mine
    assert corrected(EPISODE, "ben", [mine]).correction is None


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (correction(OfShow("harbour  lights!", 2021), ToShow(7), id_=2), True),  # whatever they make of it
        (correction(OfShow("Harbour Lights", 2021), viewer="anna"), False),
        (correction(OfShow("Harbour Lights", 1990)), False),
        (correction(OfShow("Harbour", 2021)), False),
        (correction(OfShow("Harbour Lights", 2021, season=1)), False),
        (correction(OfShow("Harbour Lights", 2021, ShowIds(tvdb=1))), False),
        (correction(OfMovie("Harbour Lights", 2021)), False),
    ],
)
def test_two_corrections_may_be_about_exactly_the_same(other: Correction, same: bool) -> None:
    mine = correction(OfShow("Harbour Lights", 2021))
    assert mine.says_the_same_as(other) is same
    assert other.says_the_same_as(mine) is same


# -- which one holds -----------------------------------------------------------------------------------------------


def test_the_most_specific_one_holds_and_the_newest_of_equals() -> None:
    ordered = [  # each beats all before it
        correction(OfShow("Harbour Lights"), ToShow(1), id_=8),
        correction(OfShow(ids=ShowIds(tvdb=440_000)), ToShow(2), id_=9),
        correction(OfShow("Harbour Lights", season=1), ToShow(3), id_=7),
        correction(OfShow("Harbour Lights", season=1, first=1), ToShow(4), id_=2),
        correction(OfShow("Harbour Lights", season=1, first=15, last=15), ToShow(5), id_=6),
        correction(OfShow("Harbour Lights"), ToShow(6), id_=1, viewer="anna"),
        correction(OfShow("Harbour Lights", season=1), ToShow(7), id_=3, viewer="anna"),
        correction(OfShow("Harbour Lights", season=1, first=15), ToShow(8), id_=5, viewer="anna"),
    ]
    for weaker, stronger in itertools.combinations(ordered, 2):
        assert corrected(EPISODE, "anna", [weaker, stronger]).correction is stronger
        assert corrected(EPISODE, "anna", [stronger, weaker]).correction is stronger


# -- what becomes of the item --------------------------------------------------------------------------------------


def test_settled_numbers_are_all_that_is_left_of_an_episode() -> None:
    made = correction(OfShow("Harbour Lights", season=1, first=13, last=24), ToShow(202_020, 2, 1))
    found = corrected(EPISODE, "anna", [made]).item
    assert found == Episode("Harbour Lights", 2, 3, show_ids=ShowIds(tmdb=202_020), settled="place")


def test_settled_numbers_keep_the_year_of_the_show() -> None:
    made = correction(OfShow("Harbour Lights", season=1), ToShow(202_020, 2))
    found = corrected(replace(EPISODE, show_year=2021), "anna", [made]).item
    assert found == Episode("Harbour Lights", 2, 15, show_year=2021, show_ids=ShowIds(tmdb=202_020), settled="place")


def test_a_whole_season_keeps_its_numbers_or_counts_from_the_one_named() -> None:
    of = OfShow("Harbour Lights", season=1)
    kept = corrected(EPISODE, "anna", [correction(of, ToShow(7, 3))]).item
    moved = corrected(EPISODE, "anna", [correction(of, ToShow(7, 3, 11))]).item
    assert [(e.season, e.number) for e in (kept, moved) if isinstance(e, Episode)] == [(3, 15), (3, 25)]


def test_a_number_through_the_show_becomes_season_and_number() -> None:
    made = correction(OfShow("Harbour Lights", first=13), ToShow(7, 2, 1))
    found = corrected(replace(EPISODE, absolute=True), "anna", [made]).item
    assert isinstance(found, Episode)
    assert (found.season, found.number, found.absolute) == (2, 3, False)


def test_a_show_alone_leaves_the_evidence_of_the_episode() -> None:
    found = corrected(EPISODE, "anna", [correction(OfShow("Harbour Lights"), ToShow(202_020))]).item
    assert found == replace(EPISODE, show_ids=ShowIds(tmdb=202_020), settled="show")


def test_an_episode_without_a_number_is_still_found_on_evidence() -> None:
    unnumbered = replace(EPISODE, number=None)
    found = corrected(unnumbered, "anna", [correction(OfShow("Harbour Lights", season=1), ToShow(7, 2))]).item
    assert isinstance(found, Episode)
    assert (found.settled, found.air_date) == ("show", EPISODE.air_date)


@pytest.mark.parametrize(
    ("season", "target", "becomes"),
    [
        (1, ToShow(7, 2), 2),
        (1, ToShow(7, 2, 11), 2),
        (1, ToShow(7), 1),
        (None, ToShow(7, 2), None),
        (None, ToShow(7), None),
    ],
)
def test_a_season_as_a_whole_is_the_season_it_was_mapped_to(
    season: int | None, target: ToShow, becomes: int | None
) -> None:
    """As where a whole season was rated."""
    whole = Episode("Harbour Lights", season, None)
    found = corrected(whole, "anna", [correction(OfShow("Harbour Lights", season=season), target)]).item
    assert found == replace(whole, season=becomes, show_ids=ShowIds(tmdb=7), settled="show")


def test_a_film_is_another_film_and_a_special_may_be_one() -> None:
    film = corrected(FILM, "anna", [correction(OfMovie("Salt Flats"), ToMovie(717_171))]).item
    assert film == replace(FILM, ids=MovieIds(tmdb=717_171))
    of = OfShow("Harbour Lights", season=1, first=15, last=15)
    special = corrected(EPISODE, "anna", [correction(of, ToMovie(717_171))]).item
    assert special == Movie("Low Tide", ids=MovieIds(tmdb=717_171))


def test_what_is_ignored_comes_back_as_it_was() -> None:
    found = corrected(FILM, "anna", [correction(OfMovie("Salt Flats"))])
    assert (found.item, found.left_out({"movie"})) == (FILM, "correction m1: ignored")


def test_where_a_person_had_a_hand_in_it_the_text_says_so() -> None:
    assert corrected(FILM, "anna", []).told("no such film") == "no such film"
    film = corrected(FILM, "anna", [correction(OfMovie("Salt Flats"), ToMovie(7), id_=12)])
    assert film.told("no such film") == "correction m12: no such film"


def test_what_it_has_become_may_be_nothing_for_a_tracker() -> None:
    film = corrected(FILM, "anna", [correction(OfMovie("Salt Flats"), ToMovie(7))])
    assert film.left_out({"movie"}) == ""
    assert film.left_out({"episode"}) == "correction m1: this tracker does not take movies"
    assert corrected(FILM, "anna", []).left_out({"episode"}) == ""  # that is no correction's doing


# -- settled numbers against a catalogue ---------------------------------------------------------------------------

LISTING = [Listed(s, n, f"Part {s}{n} of it", date(2020, s + 1, n), 1000 * s + n) for s in (0, 1, 2) for n in (1, 2, 3)]


def test_settled_numbers_beat_every_other_evidence_and_hold_for_specials() -> None:
    settled = Episode("Harbour", 0, 2, ids=EpisodeIds(tmdb=1001), title="Part 11 of it", settled="place")
    assert place(settled, [Claim(2, 1, "somebody")], LISTING) == Placed(LISTING[1], "its numbers")


def test_settled_numbers_that_are_not_listed_are_not_there_yet() -> None:
    with pytest.raises(NotInCatalogue, match=r"\Ano entry for Harbour S2 E4 Part 11 of it yet\Z"):
        place(Episode("Harbour", 2, 4, title="Part 11 of it", settled="place"), [Claim(1, 1, "somebody")], LISTING)


# -- what always holds ---------------------------------------------------------------------------------------------

NUMBERS = st.integers(0, 60)
MAYBE = st.none() | NUMBERS
TITLES = st.sampled_from(["", "Harbour", "Atlas", "…"])
YEARS = st.sampled_from([None, 2019, 2021])
SMALL = st.none() | st.integers(1, 3)
SHOW_IDS = st.builds(ShowIds, tmdb=SMALL, tvdb=SMALL)
MOVIE_IDS = st.builds(MovieIds, tmdb=SMALL, imdb=st.sampled_from([None, "tt1", "tt2"]))
EPISODES = st.builds(
    Episode,
    TITLES,
    st.none() | st.integers(0, 3),
    MAYBE,
    title=st.sampled_from([None, "Ebb"]),
    show_year=YEARS,
    show_ids=SHOW_IDS,
    ids=st.builds(EpisodeIds, tmdb=SMALL),
    absolute=st.booleans(),
)
ITEMS = EPISODES | st.builds(Movie, TITLES, YEARS, MOVIE_IDS)
RANGES = st.tuples(MAYBE, MAYBE).map(lambda pair: (pair[0], None if pair[0] is None else pair[1]))
SHOWS = st.builds(
    lambda title, year, ids, season, reach: OfShow(title, year, ids, season, *reach),
    TITLES,
    YEARS,
    SHOW_IDS,
    st.none() | st.integers(0, 3),
    RANGES,
)
VIEWERS = st.sampled_from([None, "anna", "ben"])
TO_SHOW = st.builds(ToShow, st.integers(1, 9), MAYBE, MAYBE)
OF_SHOW = st.tuples(SHOWS, TO_SHOW | st.builds(ToMovie, st.integers(1, 9)) | st.builds(Ignore))
OF_MOVIE = st.tuples(
    st.builds(OfMovie, TITLES, YEARS, MOVIE_IDS), st.builds(ToMovie, st.integers(1, 9)) | st.builds(Ignore)
)
SETS = st.lists(st.tuples(VIEWERS, OF_SHOW | OF_MOVIE), max_size=6).map(
    lambda parts: [Correction(n, viewer, *pair) for n, (viewer, pair) in enumerate(parts, 1)]
)


@given(ITEMS, SETS, st.randoms(use_true_random=False))
def test_the_order_in_which_corrections_are_listed_is_nothing(
    item: Item, known: list[Correction], dice: object
) -> None:
    shuffled = list(known)
    dice.shuffle(shuffled)  # type: ignore[attr-defined]
    assert corrected(item, "anna", known) == corrected(item, "anna", shuffled)


@given(ITEMS, SETS)
def test_nothing_that_none_names_is_touched_and_nobody_elses_corrections_count(
    item: Item, known: list[Correction]
) -> None:
    found = corrected(item, "anna", known)
    fitting = [c for c in known if c.viewer != "ben" and c.of.fits(item)]
    assert (found.correction is None) == (not fitting)
    if not fitting:
        assert found.item is item
    else:
        assert found.correction in fitting


@given(ITEMS, SETS)
def test_no_id_changes_its_space_and_only_the_owners_word_is_kept_of_the_show(
    item: Item, known: list[Correction]
) -> None:
    found = corrected(item, "anna", known)
    if found.correction is None or isinstance(found.correction.target, Ignore):
        return
    target = found.correction.target
    if isinstance(found.item, Movie):
        assert isinstance(target, ToMovie)
        assert (type(found.item.ids), found.item.ids.known()) == (MovieIds, {"tmdb": target.tmdb})
    else:
        assert isinstance(target, ToShow)
        assert (type(found.item.show_ids), found.item.show_ids.known()) == (ShowIds, {"tmdb": target.tmdb})
        assert type(found.item.ids) is EpisodeIds
        assert found.item.settled == "show" or not (found.item.ids or found.item.title or found.item.air_date)


@given(st.integers(0, 40), st.integers(0, 40), NUMBERS, st.integers(0, 3), st.booleans())
def test_an_offset_maps_its_range_one_to_one_and_nothing_else(
    first: int, length: int, start: int, season: int, absolute: bool
) -> None:
    of = OfShow("Harbour", season=None if absolute else 1, first=first, last=first + length)
    known = [correction(of, ToShow(7, season, start))]
    made = {}
    for number in range(first + length + 5):
        episode = Episode("Harbour", 1, number, absolute=absolute)
        found = corrected(episode, "anna", known).item
        assert isinstance(found, Episode)
        if first <= number <= first + length:
            made[number] = (found.season, found.number)
        else:
            assert found is episode
    assert list(made.values()) == [(season, start + n) for n in range(length + 1)]
