"""Where a play goes, for people: each tracker reads its own address, and a damaged one is no reason to fail."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrobbled.trackers import TRACKERS

SPOT = {"show_id": 1399, "season_id": 3624, "season_number": 2, "episode_number": 0}
PLACE = {"type": "episode", "ids": {"trakt": 5, "imdb": "tt1"}, "show": {"tmdb": 7}, "season": 0, "number": 3}


@pytest.mark.parametrize(
    ("tracker", "address", "words"),
    [
        ("serializd", SPOT, "season 2 episode 0 of the show with TMDB id 1399 (TMDB season id 3624)"),
        (
            "serializd",
            {**SPOT, "ticked_at": "2026-05-03T20:00:00Z"},
            "season 2 episode 0 of the show with TMDB id 1399 (TMDB season id 3624); ticked there since 2026-05-03",
        ),
        ("trakt", {"type": "movie", "ids": {"tmdb": 9}}, "the film with TMDB id 9"),
        ("trakt", PLACE, "the episode with Trakt id 5 and IMDb id tt1: S0 E3 of the show with TMDB id 7"),
        ("memory", {"key": "movie:tmdb:9"}, "the item movie:tmdb:9"),
    ],
)
def test_an_address_in_words(tracker: str, address: dict[str, Any], words: str) -> None:
    assert TRACKERS[tracker].in_words(address) == words


values = st.one_of(st.none(), st.text(max_size=5), st.integers(), st.lists(st.integers(), max_size=2))


@given(st.sampled_from(sorted(TRACKERS)), st.dictionaries(st.sampled_from([*SPOT, *PLACE, "key", "x"]), values))
def test_a_damaged_address_has_no_words_or_some(tracker: str, address: dict[str, Any]) -> None:
    assert isinstance(TRACKERS[tracker].in_words(address), str)


@pytest.mark.parametrize("tracker", sorted(TRACKERS))
def test_what_it_takes_is_known_without_an_account(tracker: str) -> None:
    assert "episode" in TRACKERS[tracker].can().media
