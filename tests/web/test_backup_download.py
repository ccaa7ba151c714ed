"""``GET /api/v1/backup``: a whole database for whoever is let in, and nothing left on the disk."""

import asyncio
from contextlib import closing
from pathlib import Path

import pytest

from scrobbled.store.file.opening import open_database
from scrobbled.store.queue import overview
from web.house import LOGIN, house


async def test_what_is_downloaded_is_the_database(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        await home.webhook()
        async with home.sidebar() as browser:
            answer = await browser.get("/api/v1/backup")
        assert answer.status_code == 200
        assert answer.headers["content-disposition"] == 'attachment; filename="scrobbled-20261114-200000.db"'
        assert answer.headers["cache-control"] == "no-store"
        assert int(answer.headers["content-length"]) == len(answer.content)
        assert left_behind(tmp_path) == []
    copy = tmp_path / "copy.db"
    copy.write_bytes(answer.content)
    with closing(open_database(copy)) as db:
        assert overview.play_count(db) == 1


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("my data.db", 'attachment; filename="my data-20261114-200000.db"'),
        (
            "séries.db",
            "attachment; filename=\"s_ries-20261114-200000.db\"; filename*=UTF-8''s%C3%A9ries-20261114-200000.db",
        ),
        ("日.db", "attachment; filename=\"_-20261114-200000.db\"; filename*=UTF-8''%E6%97%A5-20261114-200000.db"),
        ('a";x.db', "attachment; filename=\"a__x-20261114-200000.db\"; filename*=UTF-8''a%22%3Bx-20261114-200000.db"),
    ],
)
async def test_a_database_of_any_name_can_be_downloaded(tmp_path: Path, name: str, told: str) -> None:
    async with house(tmp_path, storage={"path": str(tmp_path / name)}) as home, home.sidebar() as browser:
        answer = await browser.get("/api/v1/backup")
        assert answer.status_code == 200
        assert answer.headers["content-disposition"] == told


def left_behind(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if "download" in path.name]


async def test_only_whoever_is_let_in_gets_it(tmp_path: Path) -> None:
    async with house(tmp_path, server={"login": LOGIN}) as home, home.client() as browser:
        assert (await browser.get("/api/v1/backup")).status_code == 401
    async with house(tmp_path) as home, home.client("192.168.1.20") as browser:
        assert (await browser.get("/api/v1/backup")).status_code in (401, 403)


async def test_one_copy_is_made_at_a_time(tmp_path: Path) -> None:
    async with house(tmp_path) as home, home.sidebar() as browser:
        answers = await asyncio.gather(*(browser.get("/api/v1/backup") for _ in range(4)))
        assert sorted(answer.status_code for answer in answers) == [200, 503, 503, 503]
        assert (await browser.get("/api/v1/backup")).status_code == 200


async def test_it_cannot_be_put_back_from_afar(tmp_path: Path) -> None:
    async with house(tmp_path) as home, home.sidebar() as browser:
        for send in (browser.post, browser.put, browser.delete):
            assert (await send("/api/v1/backup")).status_code in (403, 404, 405)
