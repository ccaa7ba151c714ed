"""One account at each service, as most of these tests want it; a module that wants another says so."""

from collections.abc import AsyncIterator

import pytest

from conftest import FakeClock
from scrobbled.trackers.base import Tracker
from trackers.serializd_setup import Setup
from trackers.trakt_bench import TraktBench


@pytest.fixture
def setup(clock: FakeClock) -> Setup:
    return Setup(clock)


@pytest.fixture
def trakt(clock: FakeClock) -> TraktBench:
    return TraktBench(clock)


@pytest.fixture
async def tracker(trakt: TraktBench) -> AsyncIterator[Tracker]:
    built = trakt.tracker()
    yield built
    await built.aclose()
