"""Titles and what people type, compared as people would."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from scrobbled.core.naming.ids import MovieIds
from scrobbled.core.naming.items import Episode, Item, Movie
from scrobbled.core.naming.spelling import MOST_WORDS, of_title, plainly, searchable, words

TIDE = Episode("Harbour Lights", 2, 5, "Low Tide", 2019)


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    """Each text is looked at anew, whatever other tests have asked."""
    plainly.cache_clear()


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("  Où est-elle? ", "ou est elle"),
        ("3\u20dd Friends", "3 friends"),
        ("Sea\u200dside\u2060", "seaside"),
        ("Low Ti\udc80de", "low tide"),
        ("One|Two_Three…Four", "one two three four"),
        ("Five\x07Six\u2028Seven", "five six seven"),
        ("$ + ♥ = 🎬", "$ + ♥ = 🎬"),
        ("Grey‘s ‛Way", "greys way"),
        ("ŁÓDŹ Øre Straße", "lodz ore strasse"),
        ("", ""),
    ],
)
def test_a_text_is_its_letters_in_words(text: str, plain: str) -> None:
    assert plainly(text) == plain


def finds(asked: str, item: Item) -> bool:
    return all(word in searchable(item) for word in words(asked))


@pytest.mark.parametrize(
    ("asked", "item"),
    [
        ("harbour", TIDE),
        ("LIGHTS harb", TIDE),
        ("low tide", TIDE),
        ("s2e5", TIDE),
        ("Harbour S02E05", TIDE),
        ("harbour s2", TIDE),
        ("2019", TIDE),
        ("", TIDE),
        ("amelie", Movie("Amélie", 2001)),
        ("AMÉLIE 2001", Movie("Amelie", 2001)),
        ("strasse", Movie("Die Straße")),
        ("jorgen", Movie("Jørgen")),
        ("jørgen", Movie("Jorgen")),
        ("greys", Episode("Grey’s Anatomy", 1, 1)),
        ("grey's", Episode("Greys Anatomy", 1, 1)),
        ("שלום", Movie("\u202bשלום\u202c")),
        ("がっこう", Movie("がっこうぐらし")),
        ("🎬", Movie("🎬🎬")),
        ("e0", Episode("Harbour Lights", 0, 0, None)),
        ("tmdb 717171", Movie("", None, MovieIds(tmdb=717171))),
        ("mischief", Episode("", 1, 2, "Mischief")),
        ("leuchten", replace(TIDE, original_title="Das Leuchten")),
    ],
)
def test_what_is_typed_finds_it(asked: str, item: Item) -> None:
    assert finds(asked, item)


@pytest.mark.parametrize(
    ("asked", "item"),
    [
        ("harbor", TIDE),
        ("harbour s1", Episode("Harbour Lights", 12, 5)),
        ("s2e5", Episode("Harbour Lights", 2, 50)),
        ("2020", TIDE),
        ("low hide", TIDE),
    ],
)
def test_what_is_meant_otherwise_does_not(asked: str, item: Item) -> None:
    assert not finds(asked, item)


def test_a_title_is_told_from_one_that_begins_alike() -> None:
    assert searchable(TIDE).startswith(of_title("HARBOUR lights!"))
    assert searchable(Episode("", 1, 2, "Mischief")).startswith(of_title("Mischief"))
    assert not searchable(Episode("Harbour Lights Abroad", 1, 1)).startswith(of_title("Harbour Lights"))
    assert not searchable(Movie("Harbour | Lights")).startswith(of_title("Harbour"))


def test_a_search_is_bounded_however_much_is_pasted() -> None:
    assert len(words(" ".join(f"w{n}" for n in range(100_000)))) == MOST_WORDS


@given(st.text())
def test_every_text_is_plain_once_and_found_by_itself(text: str) -> None:
    assert plainly(plainly(text)) == plainly(text)
    short = " ".join(text[:40].split()[:5])
    assert finds(short, Movie(short or "x"))
