"""``scrobbled auth`` at services that are not delivered to: Plex for the house's server, and AniList."""

from __future__ import annotations

import asyncio
import io
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.harness import Town
from scrobbled.cli import signin
from scrobbled.store import Store
from scrobbled.store.accounts.sign_ins import StoredTokens
from scrobbled.trackers import TRACKERS


@pytest.fixture
def town() -> Iterator[Town]:
    with Town(shows=1) as found:
        yield found


def configured(folder: Path, text: str) -> str:
    path = folder / "scrobbled.yaml"
    path.write_text(f"storage: {{path: {folder}/scrobbled.db}}\n{text}")
    return str(path)


def stored(folder: Path, viewer: str, tracker: str) -> dict[str, object]:
    async def read() -> dict[str, object]:
        store = Store(folder / "scrobbled.db")
        try:
            return dict(await StoredTokens(store, viewer, tracker, lambda values: None, lambda: None).load() or {})  # type: ignore[arg-type, return-value]
        finally:
            await store.aclose()

    return asyncio.run(read())


def test_a_pasted_token_of_anilist_is_tried_and_stored(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(TRACKERS, "anilist", TRACKERS["memory"])
    path = configured(tmp_path, f"viewers: [{{name: anna, trackers: {{anilist: {{url: {town.base}/anilist}}}}}}]\n")
    monkeypatch.setattr("sys.stdin", io.StringIO("sandbox-anilist-token-anna\n"))
    assert signin.auth(path, "anilist", None) == 0
    told = capsys.readouterr().out
    assert "https://anilist.co/settings/developer" in told
    assert "Signed in to anilist for anna as anna." in told
    assert "sandbox-anilist" not in told
    assert stored(tmp_path, "anna", "anilist")["access_token"] == "sandbox-anilist-token-anna"


def test_plex_prints_a_link_and_waits_until_somebody_agrees_there(
    town: Town, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = configured(tmp_path, f"sources: {{plex: {{token: 0123456789abcdef, account_url: {town.base}/plextv}}}}\n")

    def agree() -> None:
        until = time.monotonic() + 120
        while time.monotonic() < until and not town.do(lambda: town.sandbox["plextv"].pins):
            time.sleep(0.02)
        for pin in town.sandbox["plextv"].pins.values():
            pin.token = "sandbox-plextv-anna"

    somebody = threading.Thread(target=agree)
    somebody.start()
    assert signin.auth(path, "plex", None) == 0
    somebody.join(120)
    told = capsys.readouterr().out
    assert f"{town.base}/plextv/auth#?clientID=scrobbled-" in told
    assert "Signed in to plex for the server of the house as anna." in told
    assert stored(tmp_path, "", "plex")["token"] == "sandbox-plextv-anna"
