"""A new tracker is a folder and two lines, its entry and its section: all else works without being told its name.

The folder is ``trackers/notebook``, and the lines stand in ``conftest.py``.
"""

import asyncio
import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from msgspec.structs import replace

import scrobbled
from pairing import Pairing
from scrobbled.cli import signin
from scrobbled.config import load
from scrobbled.core.errors import ConfigError
from scrobbled.core.naming.ids import MovieIds
from scrobbled.intake.household import without_effect
from trackers.contract import Bench, TrackerContract
from trackers.doubles import KeptTokens, unwrapped
from trackers.memory.person import Person
from trackers.memory.tracker import key_of
from trackers.notebook.signin import PIN
from trackers.notebook.tracker import CAN, NOTEBOOKS, Notebook
from trackers.test_memory import EPISODE, FILM
from web.house import House, house
from web.test_pages import page

SOURCE = Path(scrobbled.__file__).parent
VIEWER = {
    "name": "anna",
    "accounts": {"plex": "anna"},
    "trackers": {"notebook": {"owner": "anna"}, "memory": {}},
    "pairs": [{"between": ["notebook", "memory"], "plays": "both", "ratings": "both"}],
}


class TestNotebook(TrackerContract):
    @pytest.fixture
    def bench(self) -> Bench:
        unknown = replace(FILM, ids=MovieIds(tmdb=7))
        tracker = Notebook(frozenset({key_of(unknown)}), can=CAN, tokens=KeptTokens({"pin": PIN}))
        stranger, faults = Notebook(can=CAN, tokens=KeptTokens()), (tracker.lose_next_answer, tracker.lose_next_write)
        return Bench(tracker, stranger, tracker.go_down, FILM, EPISODE, unknown, *faults)


@pytest.fixture(autouse=True)
def empty() -> Iterator[None]:
    NOTEBOOKS.clear()
    yield
    NOTEBOOKS.clear()


def test_its_name_stands_nowhere_in_the_service() -> None:
    files = [path for path in SOURCE.rglob("*.*") if path.suffix in (".py", ".html", ".js", ".css")]
    assert files
    assert [str(path) for path in files if "notebook" in path.read_text(encoding="utf-8").casefold()] == []


def test_its_section_is_checked_like_any_other(tmp_path: Path) -> None:
    path = configured(tmp_path, {**VIEWER, "trackers": {"notebook": {"owne": "anna"}}, "pairs": []})
    with pytest.raises(ConfigError, match=r"viewers\[0\]\.trackers\.notebook\.owner.*missing") as caught:
        load(path, {})
    assert 'did you mean "owner"' in str(caught.value)


def test_the_command_signs_in_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(configured(tmp_path, VIEWER))
    for pin, code in (("0000", 1), (PIN, 0)):
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{pin}\n"))
        assert signin.auth(path, "notebook", None) == code
    assert "Signed in to notebook for anna as anna." in capsys.readouterr().out


def test_it_is_delivered_to_compared_shown_counted_and_examined(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path, viewers=[VIEWER]) as home, home.client() as browser:
            assert list(without_effect(home.runtime.config)) == []
            both = Pairing(tmp_path, home.sandbox, home.clock, {}, home.runtime)
            await home.webhook()
            await both.deliver()
            assert NOTEBOOKS["anna"].plays == [], "nobody has signed in"
            await signs_in(browser)
            await both.deliver()
            assert len(NOTEBOOKS["anna"].plays) == 1
            Person(NOTEBOOKS["anna"]).add(EPISODE, home.clock.now() - timedelta(hours=3))
            await both.settle()
            memory = unwrapped(home.runtime.couriers["anna", "memory"].tracker)
            assert len(memory.plays) == len(NOTEBOOKS["anna"].plays) == 2
            await is_shown(home, browser)

    asyncio.run(check())


def configured(folder: Path, viewer: dict[str, Any]) -> Path:
    path = folder / "scrobbled.yaml"
    settings = {"storage": {"path": str(folder / "s.db")}, "sources": {"plex": {"token": "a-token-0815-0815"}}}
    path.write_text(yaml.safe_dump({**settings, "viewers": [viewer]}), encoding="utf-8")
    return path


async def signs_in(browser: httpx.AsyncClient) -> None:
    """On the page, which learns of the pin from the tracker."""
    assert "Notebook" in (await page(browser, "/sign-in")).text
    assert "Pin of the notebook" in (await page(browser, "/sign-in/anna/notebook")).text
    wrong = await browser.post("/sign-in/anna/notebook", data={"pin": "0000"}, follow_redirects=True)
    assert "this is not the pin" in wrong.text.casefold()
    right = await browser.post("/sign-in/anna/notebook", data={"pin": PIN}, follow_redirects=True)
    assert "Signed in to Notebook as anna." in right.text
    assert PIN not in right.text


async def is_shown(home: House, browser: httpx.AsyncClient) -> None:
    assert "Notebook delivered" in " ".join((await page(browser)).text.split())
    for path in ("/history", "/sync", "/statistics", "/settings"):
        assert "Notebook" in (await page(browser, path)).text, path
    scraped = (await home.runtime.vitals.scrape()).decode()
    assert 'scrobbled_tracker_up{tracker="notebook",viewer="anna"} 1.0' in scraped
    assert 'tracker="notebook",viewer="anna"' in scraped.partition("scrobbled_deliveries_total{")[2]
    sections = (await browser.get("/api/v1/doctor")).json()["sections"]
    told = {check["name"]: check["text"] for section in sections for check in section["checks"]}
    assert {"notebook API", "anna/notebook state", "anna/notebook queue", "anna/notebook memory"} <= told.keys()
