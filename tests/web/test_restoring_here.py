"""Restoring from afar: the file is taken a piece at a time, looked through, and put in place at the next start."""

from collections.abc import AsyncIterator
from pathlib import Path

from scrobbled.store.keeping import staging
from web.house import LOGIN, house


async def test_a_backup_that_was_downloaded_is_sent_agreed_on_and_discarded(tmp_path: Path) -> None:
    async with house(tmp_path) as home, home.sidebar() as browser:
        await home.webhook()
        copy = (await browser.get("/api/v1/backup")).content
        sent = await browser.post("/settings/backup", files={"file": ("../../etc/passwd", copy)})
        assert sent.status_code == 303, sent.text
        page = await browser.get("/settings/backup")
        assert "This is in the file" in page.text
        assert "Made by this version." in page.text
        assert (await browser.post("/settings/backup/agree")).status_code == 303
        assert "Restored at the next start" in (await browser.get("/settings/backup")).text
        told = (await browser.get("/api/v1/backup/restore")).json()
        assert (told["plays"], told["agreed"], told["size"]) == (1, True, len(copy))
        assert (await browser.post("/settings/backup/discard")).status_code == 303
        assert (await browser.get("/api/v1/backup/restore")).status_code == 404
    assert left_behind(tmp_path) == []


def left_behind(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if "sent" in path.name or "restore" in path.name]


async def test_a_script_sends_the_file_as_the_body(tmp_path: Path) -> None:
    async with house(tmp_path) as home, home.sidebar() as script:
        copy = (await script.get("/api/v1/backup")).content

        async def pieces() -> AsyncIterator[bytes]:
            for at in range(0, len(copy), 10_000):
                yield copy[at : at + 10_000]

        answer = await script.post("/api/v1/backup/restore", content=pieces())
        assert answer.status_code == 200, answer.text
        assert answer.json()["agreed"] is False
        assert (await script.post("/api/v1/backup/restore/agree")).json()["agreed"] is True
        assert staging.staged(home.runtime.store.path) is not None
        assert (await script.delete("/api/v1/backup/restore")).status_code == 204
        assert (await script.post("/api/v1/backup/restore/agree")).status_code == 404
        assert (await script.delete("/api/v1/backup/restore")).status_code == 404


async def test_what_is_no_backup_is_refused_with_a_sentence(tmp_path: Path) -> None:
    async with house(tmp_path) as home, home.sidebar() as browser:
        for files, data, why in (
            ({"file": ("x.db", b"<html>")}, {}, "This is no backup of scrobbled"),
            ({"file": ("x.db", b"")}, {}, "The file is empty"),
            ({"other": ("x.db", b"x")}, {}, "Choose a file first"),
        ):
            answer = await browser.post("/settings/backup", files=files, data=data)
            assert answer.status_code == 400
            assert why in answer.text
        broken = await browser.post(
            "/settings/backup",
            content=b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\nSQLite',
            headers={"Content-Type": "multipart/form-data; boundary=b"},
        )
        assert broken.status_code == 400
        assert "did not arrive whole" in broken.text
        assert (await browser.post("/api/v1/backup/restore", content=b"x" * 100)).status_code == 400
    assert left_behind(tmp_path) == []


async def test_a_file_for_which_there_is_no_room_is_refused_at_once(tmp_path: Path) -> None:
    async with house(tmp_path) as home, home.sidebar() as browser:
        headers = {"Content-Length": str(2**60)}
        answer = await browser.post("/api/v1/backup/restore", content=b"x", headers=headers)
        assert answer.status_code == 413
        assert "not enough room" in answer.text


async def test_what_cannot_begin_again_by_itself_says_so(tmp_path: Path) -> None:
    async with house(tmp_path) as home, home.client() as browser:
        for place in ("/settings/restart", "/api/v1/restart"):
            answer = await browser.post(place)
            assert answer.status_code == 409
            assert "Restart its container or service" in answer.text
        asked: list[str] = []
        home.runtime.on_restart(lambda: asked.append("again"))
        page = await browser.post("/settings/restart")
        assert "This takes a few seconds." in page.text


async def test_only_whoever_is_let_in_may_send_one(tmp_path: Path) -> None:
    async with house(tmp_path, server={"login": LOGIN}) as home, home.client() as browser:
        assert (await browser.post("/api/v1/backup/restore", content=b"x")).status_code == 401
        assert (await browser.post("/settings/backup", files={"file": b"x"})).status_code == 303
        assert staging.staged(home.runtime.store.path) is None
