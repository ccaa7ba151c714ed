"""One person at two servers: what one of them says, and what we told it, is nothing that the other one said."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from flows.two_servers import THINGS, Household, household

FILM = 0


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Household]:
    async with household(tmp_path) as made:
        yield made


def minutes(home: Household) -> list[str]:
    return sorted(f"{play.watched_at:%d %H:%M}" for play in home.plays() if home.thing_of(play.title) == THINGS[FILM])


async def test_our_mark_at_one_server_is_no_viewing_where_the_other_one_counts_more(home: Household) -> None:
    """It was off while that one was marked, and nobody knew that it has the film as well."""
    home.sandbox["plex"].faults.start_outage(drop=True)
    home.elsewhere(FILM)
    await home.watch("plex", FILM, False, None)
    await home.watch("plex", FILM, False, None)
    home.clock.advance(86_400)
    await home.cycle()
    (copy,) = home.copies("plex-cabin", THINGS[FILM])
    assert home.state("plex-cabin", copy).count == 1
    home.sandbox["plex"].faults.end_outage()
    await home.cycle()
    assert minutes(home) == ["16 02:00", "17 08:40", "18 15:20"]
