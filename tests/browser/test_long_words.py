"""Words of others that have no blank to break at: no page has to be scrolled sideways for them, on the smallest phone.

In titles, accounts, players, reasons and everything else that somebody else may have written.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest
import yaml
from playwright.sync_api import Browser as Chromium

from browser.conftest import played_demo
from browser.screen import Screen
from browser.test_every_page import PAGES
from e2e.harness import just_now, until, web
from scrobbled.sandbox.plex.people import ANNA, PlexAccount
from scrobbled.sandbox.plex.player import multipart, payload
from scrobbled.sandbox.server import Sandbox

WORD = "Donaudampfschifffahrt" * 15
OTHERS = {"account", "detail", "label", "method", "name", "player", "reason", "show", "shown", "title"}
"""Columns that hold text of others, or text that may quote it; the rest is ours, and pages go by it."""
KEPT_AS_IT_IS = {"accounts", "clients", "polls", "polled", "claims", "tokens", "sqlite_sequence", "_sqlite_migrations"}
TOO_WIDE = """() => [...document.querySelectorAll("main *")]
    .filter(one => one.getBoundingClientRect().right > innerWidth + 1)
    .map(one => one.outerHTML.slice(0, 160)).slice(0, 5)"""
MORE = {
    "needs-again": "/needs",
    "search-nothing": f"/history?q={WORD}",
    "account": f"/set-up/plex?account={WORD}",
    "log-of-it": f"/log?q={WORD}",
    "no-such-play": "/plays/p99999",
}


@pytest.fixture(scope="module")
def wordy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The demo's household, in which everything has the longest of names."""
    folder = tmp_path_factory.mktemp("wordy")
    with played_demo(folder) as url:
        (home,) = folder.glob("scrobbled-demo-*")
        _tell(url, yaml.safe_load((home / "scrobbled.yaml").read_text())["sources"]["plex"]["token"])
        _rename(home / "scrobbled.db")
        yield url


def _tell(url: str, token: str) -> None:
    """By webhook: what is on now, an account that nobody lists, and a show that no catalogue knows."""
    item = Sandbox()["plex"].library.find("Harbour Lights S1E4")
    named = {"grandparentTitle": WORD, "title": WORD, "guid": "local://9", "grandparentGuid": "local://7", "Guid": []}
    strange = PlexAccount(99_001, WORD)
    for event, account, key in (("play", ANNA, "907"), ("scrobble", strange, "908"), ("scrobble", ANNA, "909")):
        body = payload(event, item, account, just_now())
        body["Metadata"].update(named, ratingKey=key, grandparentRatingKey=key)
        body["Player"]["title"] = body["Server"]["title"] = WORD
        kind, content = multipart(body)
        sent = web.post(f"{url}/webhooks/plex/{token}", content=content, headers={"Content-Type": kind})
        assert sent.status_code == 200
    until(lambda: WORD in web.get(f"{url}/api/v1/needs").text, 60, "the show is asked for")


def _rename(path: Path) -> None:
    with closing(sqlite3.connect(path, timeout=60)) as db:
        tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in set(tables) - KEPT_AS_IT_IS:
            for column in {row[1] for row in db.execute(f"PRAGMA table_info({table})")} & OTHERS:
                text = f"typeof({column}) = 'text' AND {column} <> '' AND {column} NOT LIKE '{{%'"
                unsent = "state = 'dead'" if table == "outbox" and column == "reason" else "1"
                db.execute(f"UPDATE OR IGNORE {table} SET {column} = ? WHERE {text} AND {unsent}", (WORD,))
        named = json.dumps("Harbour Lights")[1:-1]
        db.execute("UPDATE plays SET item = replace(item, ?, ?)", (named, WORD))
        db.execute("UPDATE outbox SET state = 'dead', reason = ? WHERE id % 7 = 0", (WORD,))
        db.commit()


@pytest.mark.parametrize("name", [*PAGES, *MORE])
def test_no_word_is_too_long_for_a_phone(wordy: str, chromium: Chromium, name: str) -> None:
    address = PAGES.get(name) or MORE[name]
    with Screen(chromium, color_scheme="dark") as screen:
        page = screen.page
        page.goto(wordy + quote(address, safe="/?=&,"), wait_until="load")
        page.wait_for_timeout(300)
        page.locator("details").evaluate_all("all => all.forEach(one => one.open = true)")
        screen.keep_picture(f"long-{name}")
        assert not screen.is_wider_than_the_window(), page.evaluate(TOO_WIDE)
        screen.wrong = [fault for fault in screen.wrong if "404" not in fault]
