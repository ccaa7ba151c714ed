"""What a catalogue finds under a name: how large a show is, and what is called almost the same."""

from __future__ import annotations

import pytest

from scrobbled.core.titles import MOST_ALIKE, SeasonSize, Title, alike, sized


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
