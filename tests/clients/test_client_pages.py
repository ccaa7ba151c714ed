"""Lists that come in pages: where the next begins, and where it ends."""

from collections.abc import Sequence

from scrobbled.clients.base import MOST_PAGES, PAGE, JsonRow, pages


async def read(*answers: Sequence[int], total: float | None = None) -> tuple[list[list[int]], list[int]]:
    """What is read of these pages, the last of which is answered for ever, and where each of them was asked from."""
    asked: list[int] = []

    async def page(start: int) -> tuple[list[JsonRow], float | None]:
        asked.append(start)
        return [{"key": key} for key in answers[min(len(asked), len(answers)) - 1]], total

    found = [[row["key"] for row in rows] async for rows in pages(page, lambda row: row["key"])]
    return found, asked


async def test_the_next_page_begins_where_the_rows_that_came_end() -> None:
    assert await read([1, 2, 3], [4], []) == ([[1, 2, 3], [4]], [0, 3, 4])


async def test_nobody_asks_beyond_the_last_row_that_is_there() -> None:
    assert await read([1, 2], [3], total=3) == ([[1, 2], [3]], [0, 2])


async def test_a_server_that_repeats_a_page_is_asked_once_more_only() -> None:
    assert await read([1, 2], [3, 4]) == ([[1, 2], [3, 4]], [0, 2, 4])


async def test_a_server_that_answers_everything_at_once_is_not_asked_again() -> None:
    everything = list(range(PAGE + 1))
    assert await read(everything, total=10_000) == ([everything], [0])


async def test_a_list_without_end_is_left_after_so_many_pages() -> None:
    found, asked = await read(*([number] for number in range(2 * MOST_PAGES)))
    assert (len(found), len(asked)) == (MOST_PAGES, MOST_PAGES)
