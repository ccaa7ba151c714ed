"""Long lists of a Plex server: where they end, when they may not be believed, and rows that cannot be read."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from msgspec import Struct

from scrobbled.clients.plex_lists import LARGE_PAGE, MOST_PAGES, ListedPage, ListShifted, PlexListing, page_of
from scrobbled.core.errors import ContractDrift, TryLater
from scrobbled.plumbing.http import Answer


class Keyed(Struct):
    key: int


def body(rows: Sequence[int], total: int | None, *, paged: bool = True) -> bytes:
    held: dict[str, Any] = {"size": len(rows), **({"offset": 0} if paged else {})}
    if total is not None:
        held["totalSize"] = total
    if rows:
        held["Metadata"] = [{"key": row, "Media": [{"id": row}]} for row in rows]
    return json.dumps({"MediaContainer": held}).encode()


def page(content: bytes) -> ListedPage:
    return page_of(Answer(200, {}, content, "GET plex.local/library/sections/1/all"))


async def read(*pages: tuple[Sequence[int], int | None], paged: bool = True) -> tuple[list[int], list[int], bool]:
    """The keys, where each page was asked from, and whether that was all. The last page is answered for ever."""
    asked: list[int] = []

    async def answered(start: int) -> ListedPage:
        asked.append(start)
        rows, total = pages[min(len(asked), len(pages)) - 1]
        return page(body(rows, total, paged=paged))

    listing = PlexListing(answered)
    found = [row.key async for part in listing for row in part.rows(Keyed) if row]
    return found, asked, listing.whole


async def test_the_next_page_begins_where_the_rows_that_came_end() -> None:
    assert await read(([1, 2, 3], 5), ([4, 5], 5)) == ([1, 2, 3, 4, 5], [0, 3], True)


async def test_without_a_total_it_goes_on_until_a_page_is_empty() -> None:
    assert await read(([1, 2], None), ([3], None), ([], None)) == ([1, 2, 3], [0, 2, 3], True)


async def test_a_page_that_came_before_ends_it() -> None:
    assert await read(([1, 2], None), ([3, 4], None)) == ([1, 2, 3, 4], [0, 2, 4], True)


async def test_a_server_that_knows_no_pages_is_asked_once() -> None:
    everything = list(range(LARGE_PAGE + 5))
    assert await read((everything, None), paged=False) == (everything, [0], True)


async def test_fewer_rows_than_the_server_counts_are_not_all() -> None:
    assert await read(([1, 2], 3), ([], 3)) == ([1, 2], [0, 2], False)


@pytest.mark.parametrize("second", [([3, 4], 3), ([2, 3], 4), ([3], 5)])
async def test_what_changes_while_it_is_read_tells_nothing(second: tuple[Sequence[int], int]) -> None:
    with pytest.raises(ListShifted):
        await read(([1, 2], 4), second)


async def test_a_list_without_end_is_left_after_so_many_pages() -> None:
    with pytest.raises(ContractDrift, match="goes on"):
        await read(*(([number], None) for number in range(MOST_PAGES + 1)))


def test_an_empty_list_lacks_its_name() -> None:
    assert (list(page(body([], 0)).rows(Keyed)), page(body([], 0)).total) == ([], 0)


def test_a_row_that_cannot_be_read_is_told_as_none_and_the_others_are_read() -> None:
    content = b'{"MediaContainer": {"size": "3", "Metadata": [{"key": 1}, "no row", {"key": [2]}, {"key": 3}]}}'
    assert [row and row.key for row in page(content).rows(Keyed)] == [1, None, None, 3]


def test_json_that_only_lenient_readers_take_is_read() -> None:
    content = b'{"MediaContainer": {"Metadata": [{"key": 1, "rating": NaN}]}}'
    assert [row and row.key for row in page(content).rows(Keyed)] == [1]


def test_json_that_breaks_off_is_for_later() -> None:
    with pytest.raises(TryLater, match="breaks off"):
        page(body([1, 2], 2)[:40])


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"[]", "object"),
        (b'{"Container": {}}', "MediaContainer"),
        (b'{"MediaContainer": {"Metadata": {}}}', "Metadata"),
        (b'{"MediaContainer": {"totalSize": {}}}', "totalSize"),
    ],
)
def test_json_of_another_shape_is_named_by_its_key(content: bytes, named: str) -> None:
    with pytest.raises(ContractDrift, match=named):
        page(content)
