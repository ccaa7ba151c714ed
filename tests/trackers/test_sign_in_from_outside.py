"""``scrobbled auth`` runs beside the service: what it stores counts from the next look at the sign-in on."""

import asyncio

from conftest import FakeClock
from scrobbled.core.naming.ids import MovieIds
from scrobbled.core.naming.items import Movie
from scrobbled.trackers.base import Addition
from trackers.serializd_setup import Setup
from trackers.trakt_bench import TraktBench


def test_trakt_takes_up_another_account_that_was_signed_in_from_outside(clock: FakeClock) -> None:
    bench = TraktBench(clock)
    movie = bench.sandbox.world.movies[0]

    async def sending() -> None:
        pass

    async def drill() -> None:
        tracker = bench.tracker()
        await tracker.sign_in()
        await bench.tokens.save({**bench.grant(), **bench.api.sign_in("ben").answer()})
        await tracker.sign_in()
        address = await tracker.locate(Movie(movie.title, movie.year, MovieIds(tmdb=movie.tmdb)))
        await tracker.add_plays([Addition(1, address, clock.now())], sending)

    asyncio.run(drill())
    held = {name: len(account["history"]) for name, account in bench.api.state()["accounts"].items()}
    assert held == {"anna": 0, "ben": 1}


def test_serializd_takes_up_a_token_that_was_stored_from_outside(clock: FakeClock) -> None:
    setup = Setup(clock)

    async def drill() -> tuple[str, str]:
        tracker = setup.tracker()
        await tracker.sign_in()
        stored = dict(await setup.tokens.load() or {})
        other = setup.service.issue("anna")
        await setup.tokens.save({**stored, "token": other})
        await tracker.sign_in()
        return (await tracker.session.current()).token, other

    present, other = asyncio.run(drill())
    assert present == other
