"""A film that came without ids is looked up on the server that reported it."""

from typing import Any

import pytest

from flows.rig import Scripted
from scrobbled.core.errors import TryLater
from scrobbled.core.naming.ids import MovieIds
from scrobbled.core.naming.items import Episode, Item, Movie, Origin
from scrobbled.trackers.informed import Informed

BARE = Movie("Paper Boats", 2019, origin=Origin("f40a", "511"))
IDS = MovieIds(tmdb=771234)


async def knows(movie: Movie) -> MovieIds:
    return IDS


async def knows_nothing(movie: Movie) -> MovieIds:
    return MovieIds()


async def is_down(movie: Movie) -> MovieIds:
    raise TryLater("it sleeps")


async def located(item: Item, *servers: Any) -> Item:
    asked: list[Item] = []
    tracker = Scripted(before={"locate": asked.append})
    await Informed(tracker, servers).adds.locate(item)
    return asked[0]


@pytest.mark.parametrize("servers", [(knows,), (knows_nothing, knows), (is_down, knows)])
async def test_the_first_server_that_knows_it_tells(servers: tuple[Any, ...]) -> None:
    assert (await located(BARE, *servers)).ids == IDS


@pytest.mark.parametrize("servers", [(), (knows_nothing,), (is_down,)])
async def test_where_none_tells_it_stays_as_it_came(servers: tuple[Any, ...]) -> None:
    assert await located(BARE, *servers) == BARE


@pytest.mark.parametrize(
    "item",
    [Movie("x", ids=MovieIds(imdb="tt1"), origin=BARE.origin), Movie("x"), Episode("x", 1, 1, origin=BARE.origin)],
)
async def test_what_needs_nothing_is_not_looked_up(item: Item) -> None:
    assert await located(item, knows) == item
