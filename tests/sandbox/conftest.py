"""What most of these tests ask; a module that asks another says so."""

import pytest

from conftest import FakeClock
from sandbox.plex_house import House
from sandbox.trakt_caller import Caller


@pytest.fixture
def house(clock: FakeClock) -> House:
    return House(clock)


@pytest.fixture
def trakt(clock: FakeClock) -> Caller:
    return Caller(clock)
