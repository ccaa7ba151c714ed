"""The homes that several of these modules play in; a module that plays in another says so."""

from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from flows.home import Home, home_at
from flows.household import Household, household
from flows.rig import Rig, rigged
from pairing import Pairing, pairing
from scrobbled.store.file.opening import open_database


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database, to be copied: making one takes longer than most of these tests."""
    path = tmp_path_factory.mktemp("blank") / "scrobbled.db"
    with closing(open_database(path)) as db:
        db.execute("PRAGMA journal_mode = DELETE")
    return path


@pytest.fixture
async def home(tmp_path: Path, anyio_backend: str) -> AsyncIterator[Home]:
    async with home_at(tmp_path / "scrobbled.db") as found:
        yield found


@pytest.fixture
async def rig(tmp_path: Path, anyio_backend: str) -> AsyncIterator[Rig]:
    async with rigged(tmp_path / "scrobbled.db") as found:
        yield found


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[Pairing]:
    async with pairing(tmp_path) as home:
        yield home


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Household]:
    async with household(tmp_path) as made:
        yield made
