"""What the name that both sides of a pair have for a thing says of it."""

import pytest

from scrobbled.core.naming.ids import MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Item, Movie
from scrobbled.core.naming.named import named


@pytest.mark.parametrize(
    "key", ["movie:tmdb:x", "movie:imdb:1", "episode:", "a:episode:1:2:3", "b:12", "", "show:12:3:4:5", "movie:tmdb:1 "]
)
def test_a_name_of_another_kind_names_no_item(key: str) -> None:
    assert named(key, "Harbour Lights") is None


@pytest.mark.parametrize(
    ("key", "item"),
    [
        ("movie:tmdb:1399", Movie("X", None, MovieIds(tmdb=1399))),
        ("movie:imdb:tt0111161", Movie("X", None, MovieIds(imdb="tt0111161"))),
        ("episode:1399:1:4", Episode("X", 1, 4, show_ids=ShowIds(tmdb=1399))),
        ("episode:1399:0:0", Episode("X", 0, 0, show_ids=ShowIds(tmdb=1399))),
        ("season:1399:2", Episode("X", 2, None, show_ids=ShowIds(tmdb=1399))),
        ("show:1399", Episode("X", None, None, show_ids=ShowIds(tmdb=1399))),
    ],
)
def test_a_name_tells_its_item_in_its_own_id_space(key: str, item: Item) -> None:
    assert named(key, "X") == item
