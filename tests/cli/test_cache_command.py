"""``scrobbled cache clear``: what it forgets, what it says, and what it leaves."""

import asyncio
import json
from pathlib import Path

import pytest

from cli.conftest import Command
from cli.test_commands import fill
from conftest import FakeClock
from scrobbled.desk.posters import PictureCache
from scrobbled.desk.posters.picture import picture
from scrobbled.store import Store
from scrobbled.store.mirror import subjects
from scrobbled.store.notes.cache import StoredCache

PNG = b"\x89PNG\r\n\x1a\n".ljust(100, b".")


@pytest.fixture
def kept(run: Command, tmp_path: Path, clock: FakeClock) -> Path:
    """Two answers, one match each way, one picture; returns the folder of pictures."""
    path = tmp_path / "s.db"
    fill(path)

    async def answers() -> None:
        store = Store(path)
        cache = StoredCache(store, clock)
        for key in ("trakt:episodes:1", "trakt:seasons:1", "show:1"):
            await cache.put(key, [1], seconds=60)
        found = [("k", None, "no film of that title")]
        await store.write(lambda db: subjects.put_placements(db, ("anna", "plex", "trakt"), found, "", 0.0))
        await store.aclose()

    asyncio.run(answers())
    shelf, found = PictureCache(tmp_path / "art", clock.now), picture(PNG)
    assert found is not None
    shelf.put("0" * 24, found)
    return tmp_path / "art"


def test_all_of_it_is_forgotten_and_counted(run: Command, kept: Path) -> None:
    said = run("cache", "clear")
    assert (said.code, said.out.splitlines()) == (
        0,
        [
            "Forgotten: 2 answers of catalogues and servers.",
            "Forgotten: 2 matches of what is what elsewhere.",
            "Forgotten: 1 picture of films and shows.",
        ],
    )
    assert list(kept.iterdir()) == []
    assert json.loads(run("cache", "clear", "--json").out) == {"media": 0, "matches": 0, "pictures": 0}


def test_only_what_is_named_is_forgotten(run: Command, kept: Path) -> None:
    assert json.loads(run("cache", "clear", "--matches", "--json").out) == {
        "media": None,
        "matches": 2,
        "pictures": None,
    }
    assert len(list(kept.iterdir())) == 1
    said = run("cache", "clear", "--media", "--pictures")
    assert said.out.splitlines() == [
        "Forgotten: 2 answers of catalogues and servers.",
        "Forgotten: 1 picture of films and shows.",
    ]


def test_where_nothing_was_ever_kept_nothing_is_forgotten(run: Command, tmp_path: Path) -> None:
    fill(tmp_path / "s.db")
    assert "Forgotten: 0 pictures" in run("cache", "clear").out
