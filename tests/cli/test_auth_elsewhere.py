"""``scrobbled auth`` at services that are not delivered to: Plex for the house's server, and AniList."""

import asyncio
import io
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import rich_click as click

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

    somebody = agreeing(town)
    assert signin.auth(path, "plex", None) == 0
    somebody.join(120)
    told = capsys.readouterr().out
    assert f"{town.base}/plextv/auth#?clientID=scrobbled-" in told
    assert "Signed in to plex for the server of the house as anna." in told
    assert stored(tmp_path, "", "plex")["token"] == "sandbox-plextv-anna"


def agreeing(town: Town, as_whom: str = "anna") -> threading.Thread:
    """Somebody who agrees on Plex's page as soon as a sign-in waits there."""

    def agree() -> None:
        until = time.monotonic() + 120
        while time.monotonic() < until and not town.do(lambda: town.sandbox["plextv"].pins):
            time.sleep(0.02)
        for pin in town.sandbox["plextv"].pins.values():
            pin.token = f"sandbox-plextv-{as_whom}"

    somebody = threading.Thread(target=agree)
    somebody.start()
    return somebody


def with_plex(folder: Path, town: Town, viewer: str = "anna") -> str:
    plex = f"{{account_url: {town.base}/plextv}}"
    return configured(
        folder, f"viewers: [{{name: {viewer}, accounts: {{plex: {viewer}}}, trackers: {{plex: {plex}}}}}]\n"
    )


def test_a_library_prints_the_code_on_a_line_of_its_own_and_is_signed_out_of_again(
    town: Town, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, somebody = with_plex(tmp_path, town), agreeing(town)
    assert signin.auth(path, "plex", None) == 0
    somebody.join(120)
    (pin,) = town.sandbox["plextv"].pins.values()
    told = capsys.readouterr().out
    assert pin.code in told.splitlines()
    assert "Signed in to plex for anna as anna." in told
    assert stored(tmp_path, "anna", "plex")["servers"]
    assert signin.leave(path, "plex", None) == 0
    assert "Signed out of plex for anna." in capsys.readouterr().out
    assert stored(tmp_path, "anna", "plex") == {}
    assert "sandbox-plextv-anna" not in town.sandbox["plextv"].tokens


def test_somebody_of_the_home_is_signed_in_with_a_pin_from_standard_input(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path, somebody = with_plex(tmp_path, town, "ben"), agreeing(town)
    monkeypatch.setattr("sys.stdin", io.StringIO("2580\n"))
    assert signin.auth(path, "plex", "ben", "ben") == 0
    somebody.join(120)
    told = capsys.readouterr()
    assert "Signed in to plex for ben as ben." in told.out
    assert "2580" not in told.out + told.err
    assert stored(tmp_path, "ben", "plex")["home_user"] == "ben"


def test_only_where_there_are_homes_somebody_of_one_is_signed_in(town: Town, tmp_path: Path) -> None:
    path = configured(tmp_path, "viewers: [{name: anna, trackers: {serializd: {email: a@example.org}}}]\n")
    with pytest.raises(click.UsageError, match="leave --home-user out"):
        signin.auth(path, "serializd", None, "ben")


def test_an_end_that_the_service_is_not_told_of_is_said(
    town: Town, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, somebody = with_plex(tmp_path, town), agreeing(town)
    assert signin.auth(path, "plex", None) == 0
    somebody.join(120)
    town.do(town.sandbox["plextv"].faults.start_outage)
    assert signin.leave(path, "plex", None) == 0
    assert "could not be told" in capsys.readouterr().out
    assert stored(tmp_path, "anna", "plex") == {}
