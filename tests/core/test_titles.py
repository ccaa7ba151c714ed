"""What a catalogue finds under a name: how large a show is, and what is called almost the same."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrobbled.core.naming.matching import bare, plain
from scrobbled.core.naming.titles import MOST_ALIKE, SeasonSize, Title, alike, is_called, sized, the_only


def called(name: str, *known: str) -> list[str]:
    return [one.title for one in alike(name, [Title("show", title) for title in known])]


def test_seasons_are_counted_in_whatever_order_their_episodes_come() -> None:
    assert sized([2, 1, 0, 1]) == (SeasonSize(0, 1), SeasonSize(1, 2), SeasonSize(2, 1))


def test_what_is_called_almost_the_same_comes_closest_first_and_the_same_name_not_at_all() -> None:
    known = ("Paper Orchard", "Harbour Nights", "Harbour Lights", "Harbor Lihgts", "HARBOR  lihgts!", "")
    assert called("Harbor Lihgts", *known) == ["Harbour Lights", "Harbour Nights"]
    assert called("", *known) == []


@pytest.mark.parametrize(
    ("name", "title", "is_alike"),
    [
        ("Ebb", "Ebbed", True),
        ("Ebb", "Ebbing", False),
        ("Low Tide", "Tide Low", False),
        ("Séance", "seances", True),
        ("Harbour Lights " * 20, "Harbour Light " * 20, True),
    ],
    ids=["three quarters", "less", "the same letters in another order", "accents", "very long ones"],
)
def test_a_letter_or_two_apart_is_alike(name: str, title: str, is_alike: bool) -> None:
    assert bool(called(name, title)) is is_alike


def test_equally_close_ones_keep_their_order_and_three_are_enough() -> None:
    known = [f"Harbour Light{letter}" for letter in "zyxw"]
    assert called("Harbour Lights", *known) == known[:MOST_ALIKE]


# -- a title and a year, and nothing else ------------------------------------------------------------------------------

SIZES = (SeasonSize(0, 3), SeasonSize(1, 8), SeasonSize(2, 10))


def show(tmdb: int | None = 7, title: str = "Harbour Lights", year: int | None = 2020, **more: Any) -> Title:
    return Title("show", title, year, tmdb, **{"seasons": SIZES, **more})


def only(*answers: Sequence[Title], name: str = "Harbour Lights", season: int = 2, number: int = 5) -> int | None:
    return the_only(name, 2020, season, number, answers)


OTHERS = [
    show(8, year=2019),
    show(9, "Harbour"),
    show(10, "Harbour Lights at Night"),
    Title("movie", "Harbour Lights", 2020, 7),
]


@pytest.mark.parametrize(
    "answers",
    [
        [[show()]],
        [[show()], [show()]],
        [[*OTHERS, show()], [show(), *OTHERS]],
        [[show(), show()]],
        [[show(title="HARBOUR  lights!")], [show(title="Harbour Lights (2020)")], [show(title="Harbour Lights (US)")]],
        [[show()], [show(seasons=None)]],
        [[show()], [show(year=None)]],
    ],
)
def test_the_one_show_of_a_title_and_year_is_the_one_that_all_have(answers: list[list[Title]]) -> None:
    assert only(*answers) == 7
    assert only(*answers, name="harbour lights (2020)") == 7


@pytest.mark.parametrize(
    "answers",
    [
        [],
        [[]],
        [[show()], []],
        [[show()], OTHERS],
        [[show()], [show(8)]],
        [[show(), show(8)]],
        [[show(), show(8, year=None)]],
        [[show(), show(8, "Harbour Lights (UK)")]],
        [[show(), show(None)]],
        [[show(None)]],
        [[show(year=None)]],
        [[show(year=2021)]],
        [[show(seasons=None)]],
        [[show()], [show(seasons=(SeasonSize(1, 8),))]],
        [[show()], [show(seasons=(SeasonSize(2, 4),))]],
    ],
)
def test_whatever_leaves_a_doubt_leaves_the_show_open(answers: list[list[Title]]) -> None:
    assert only(*answers) is None


@pytest.mark.parametrize(
    ("season", "number", "there"),
    [
        (1, 1, True),
        (1, 8, True),
        (1, 9, False),
        (2, 10, True),
        (2, 11, False),
        (3, 1, False),
        (0, 1, False),
        (1, 0, False),
    ],
)
def test_the_number_has_to_be_there_and_a_special_has_none(season: int, number: int, there: bool) -> None:
    assert (only([show()], season=season, number=number) == 7) is there


def test_a_title_of_signs_alone_is_like_no_other() -> None:
    assert only([show(title="!!!")], name="???") is None
    assert not is_called(show(title=""), "", 2020)


shows = st.builds(
    show,
    st.none() | st.integers(1, 3),
    st.sampled_from(["Harbour Lights", "harbour lights", "Harbour Lights (US)", "Harbour", "Paper Boats"]),
    st.sampled_from([2019, 2020, 2021, None]),
    seasons=st.none() | st.just(SIZES),
)


@given(st.lists(st.lists(shows, max_size=4), max_size=4), st.integers(-1, 3), st.integers(-1, 12))
def test_two_shows_of_one_title_and_year_are_never_told_apart_by_it(
    answers: list[list[Title]], season: int, number: int
) -> None:
    found = the_only("Harbour Lights", 2020, season, number, answers)
    named = [[one for one in rows if plain(bare(one.title)) == "harbour lights"] for rows in answers]
    rivals = {one.tmdb for rows in named for one in rows if one.year in (2020, None)}
    if len(rivals) != 1 or not all(any(one.year in (2020, None) for one in rows) for rows in named):
        assert found is None
    if found is not None:
        assert rivals == {found}
        assert (season, number) in {(size.number, n) for size in SIZES[1:] for n in range(1, size.episodes + 1)}
