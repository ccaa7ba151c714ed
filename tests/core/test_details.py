"""Details of what a library and a tracker both have: filled in, followed, corrected, and never sent twice."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrobbled.core.agreeing.ledger import ComparedValue, KeepValue, Policy, ValueGroup
from scrobbled.core.agreeing.merge import compare_value
from scrobbled.core.kinds import COLLECTION
from scrobbled.core.records import ValueRecord, ViewingsKept

HD, UHD, BARE = {"resolution": "hd_1080p", "audio": "aac"}, {"resolution": "uhd_4k", "audio": "aac"}, dict[str, Any]()
LIBRARY = (ViewingsKept.SEEN, ViewingsKept.EVERY)


def policy(details: Any = "fill") -> Policy:
    return Policy({COLLECTION: "a-to-b"}, keeps=LIBRARY, details=details)


def group(library: Any, there: Any, base: Any = None) -> ValueGroup:
    a, b = ValueRecord("a", library), ValueRecord("b", there)
    return ValueGroup(COLLECTION, "movie:tmdb:1", "Harbour Atlas", "movie", a, b, base)


def compared(library: Any, there: Any, base: Any = None, details: Any = "fill") -> ComparedValue:
    return compare_value(group(library, there, base), policy(details))


def sent(found: ComparedValue) -> list[Any]:
    return [(change.side, change.value) for change in found.changes]


@pytest.mark.parametrize(
    ("there", "want"),
    [
        (BARE, [("b", HD)]),
        ({"resolution": "uhd_4k"}, [("b", {"resolution": "uhd_4k", "audio": "aac"})]),
        ({"hdr": "hlg"}, [("b", {"hdr": "hlg", **HD})]),
        (HD, []),
        ({**HD, "hdr": "hlg"}, []),
        ({"resolution": "uhd_4k", "audio": "dts"}, []),
    ],
)
def test_at_first_contact_only_what_is_missing_is_filled_in(there: Any, want: Any) -> None:
    found = compared(HD, there)
    assert sent(found) == want
    assert found.agreed == (HD, there)


@pytest.mark.parametrize(
    ("library", "there", "base", "want"),
    [
        (UHD, HD, (HD, HD), [("b", UHD)]),
        (UHD, {**HD, "hdr": "hlg"}, (HD, {**HD, "hdr": "hlg"}), [("b", {**UHD, "hdr": "hlg"})]),
        ({"resolution": "uhd_4k"}, HD, (HD, HD), [("b", {"resolution": "uhd_4k"})]),
        (HD, {**HD, "audio": "dts"}, (HD, HD), []),
        (HD, BARE, (HD, BARE), []),
        (HD, HD, (HD, HD), []),
    ],
)
def test_from_then_on_a_change_of_the_file_follows(library: Any, there: Any, base: Any, want: Any) -> None:
    assert sent(compared(library, there, base)) == want


def test_what_it_was_told_and_has_not_kept_is_not_told_again() -> None:
    assert compared(UHD, HD, (HD, UHD)) == ComparedValue()
    assert compared(HD, BARE, (HD, HD)).changes == ()


def test_nothing_is_sent_where_none_is_wanted_and_all_is_corrected_where_it_is() -> None:
    assert sent(compared(HD, BARE, details="off")) == []
    there = {"resolution": "uhd_4k", "hdr": "hlg"}
    assert sent(compared(HD, there, details="overwrite")) == [("b", {"hdr": "hlg", **HD})]
    agreed = (HD, {"resolution": "uhd_4k"})
    assert sent(compared(HD, {"resolution": "uhd_4k"}, agreed, "overwrite")) == [("b", HD)]
    assert compared(HD, {"resolution": "uhd_4k"}, (HD, HD), "overwrite") == ComparedValue()


def test_a_library_is_never_told_details() -> None:
    both = Policy({COLLECTION: "both"}, keeps=LIBRARY)
    assert [side for side, _ in sent(compare_value(group(BARE, HD), both))] == []
    assert [side for side, _ in sent(compare_value(group(HD, BARE), both))] == ["b"]


def test_a_file_that_is_gone_takes_nothing_along() -> None:
    lost = ValueGroup(COLLECTION, "k", "Harbour Atlas", "movie", None, ValueRecord("b", HD), (HD, HD), a_gone=True)
    told = Policy({COLLECTION: "a-to-b"}, keeps=LIBRARY, removals={COLLECTION: "propagate"})
    assert compare_value(lost, told).changes == ()


details = st.dictionaries(st.sampled_from(["resolution", "audio", "hdr"]), st.sampled_from(["x", "y"]))


@given(details, details, st.sampled_from(["fill", "overwrite", "off"]), st.booleans(), st.lists(details, max_size=3))
def test_it_comes_to_rest_whatever_is_kept(library: Any, there: Any, mode: Any, keeps: bool, files: list[Any]) -> None:
    base: Any = None
    for file in [library, *files]:
        writes = 0
        for _ in range(4):
            found = compared(file, there, base, mode)
            if not isinstance(found.agreed, KeepValue):
                base = found.agreed
            for change in found.changes:
                writes += 1
                there = change.value if keeps else there
                base = None if base is None else (base[0], change.value)
        assert writes <= 1, "the same is never sent twice"
