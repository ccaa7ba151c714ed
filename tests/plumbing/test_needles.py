"""Many fixed texts are found in one pass, and none is missed."""

from hypothesis import given
from hypothesis import strategies as st

from scrobbled.plumbing.needles import CHUNK, FEW, SIZES, Needles

LETTERS = st.text("ab1", min_size=1, max_size=20)


def filled(count: int, length: int = 20) -> Needles[str]:
    needles: Needles[str] = Needles()
    for n in range(count):
        needles.add(f"{n:x}-".rjust(length, "z"), f"owner {n}")
    return needles


class Counting(str):
    """A text that counts how often somebody looks for another one in all of it."""

    looks = 0

    def __contains__(self, part: object) -> bool:
        Counting.looks += 1
        return super().__contains__(part)  # type: ignore[operator]


@given(st.lists(LETTERS, max_size=200), st.text("ab1 ", max_size=300), st.data())
def test_every_needle_that_stands_in_a_text_is_found_and_no_other(
    given_needles: list[str], text: str, data: st.DataObject
) -> None:
    needles = filled(FEW)
    for needle in given_needles:
        needles.add(needle, needle)
    if given_needles:
        at = data.draw(st.integers(0, len(text)))
        text = text[:at] + data.draw(st.sampled_from(given_needles)) + text[at:]
    assert sorted(needles.owners(text)) == sorted({needle for needle in given_needles if needle in text})


def test_one_is_found_wherever_it_stands_in_a_long_text() -> None:
    needles = filled(FEW)
    for size in SIZES:
        needles.add("x" * (2 * size - 1), f"x{size}")
    for at in range(CHUNK - 20, CHUNK + 20):
        text = "." * at + "x" * 15 + "." * 100
        assert set(needles.owners(text)) == {"x8", "x4"}


def test_who_shares_a_needle_is_found_with_it() -> None:
    needles = filled(FEW)
    for owner in ("a", "b", "a"):
        needles.add("the-same-needle-for-all", owner)
    assert needles.owners("here is the-same-needle-for-all.") == ["a", "b"]


def test_a_text_without_any_costs_the_same_however_many_there_are() -> None:
    text = Counting("An ordinary title, and what happens in it. " * 100)
    looks = []
    for count in (FEW, 20 * FEW, 200 * FEW):
        Counting.looks = 0
        assert filled(count).owners(text) == []
        looks.append(Counting.looks)
    assert looks == [FEW] * 3
