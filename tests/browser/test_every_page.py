"""Every page of the demo's household on a phone and on a desk: no errors, nothing from elsewhere, readable for all.

``SCROBBLED_SCREENSHOTS=FOLDER`` keeps a picture of each.
"""

from urllib.parse import urljoin

import pytest
from playwright.sync_api import Browser as Chromium

from browser.conftest import PLAYED
from browser.screen import SIZES, THEMES, Screen
from e2e.harness import until, web

PAGES = {
    "now": "/",
    "history": "/history",
    "search": "/history?q=harbour",
    "on-trakt": "/history?on=trakt",
    "on-serializd": "/history?on=serializd&carried=no",
    "play": "/plays/p1",
    "needs": "/needs",
    "correct": "/correct/p1?q=harbour",
    "corrections": "/corrections",
    "unmatched": "/unmatched",
    "sync": "/sync",
    "plan": "/sync/runs/r4",
    "run": "/sync/runs/r1",
    "runs": "/sync/runs",
    "run-undo": "/sync/runs/r1/undo",
    "to-decide": "/sync/questions?viewer=ben&pair=trakt,serializd",
    "statistics": "/statistics",
    "log": "/log",
    "settings": "/settings",
    "person": "/settings/people/0",
    "source": "/settings/sources/plex",
    "yaml": "/settings/yaml",
    "alerts": "/settings/alerts",
    "tokens": "/settings/tokens",
    "backup": "/settings/backup",
    "doctor": "/settings/doctor",
    "sign-in": "/sign-in",
    "sign-in-trakt": "/sign-in/anna/trakt",
    "libraries": "/sign-in/anna/plex/libraries",
    "sign-in-serializd": "/sign-in/anna/serializd",
    "set-up": "/set-up",
    "set-up-plex": "/set-up/plex",
    "more": "/more",
    "help": "/help",
    "api": "/docs",
    "activate": "/activate",
}

FILLED = "[...document.querySelectorAll('.poster')].every(one => one.firstElementChild.clientWidth === one.clientWidth)"


@pytest.fixture
def house(demo: str) -> str:
    """The demo once the clock has compared anna's trackers too, whose plan is one of the pages."""
    until(lambda: web.get(demo + PAGES["plan"]).status_code != 404, PLAYED, "anna's plan is there")
    return demo


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole_and_readable_for_everybody(house: str, chromium: Chromium, name: str, size: str) -> None:
    with Screen(chromium, SIZES[size], color_scheme=THEMES[size]) as screen:
        page = screen.open(house + PAGES[name])
        page.wait_for_timeout(300)  # live parts have asked once
        screen.must_be_readable(f"{name}-{size}")
        assert page.evaluate(FILLED), "each poster fills its frame"


def test_without_any_script_every_page_stands_and_every_link_leads_somewhere(house: str, chromium: Chromium) -> None:
    found: dict[str, str] = {}
    with Screen(chromium, java_script_enabled=False) as screen:
        for path in PAGES.values():
            page = screen.open(house + path)
            assert page.locator("main").inner_text().strip(), path
            assert page.locator("nav.places a").count() == 5, path
            for link in page.eval_on_selector_all("a[href]", "all => all.map(one => one.getAttribute('href'))"):
                address = urljoin(house + path, link).partition("#")[0]
                if address.startswith(house):
                    found.setdefault(address, path)
    assert len(found) > len(PAGES)
    broken = {address: path for address, path in found.items() if web.get(address).status_code >= 400}
    assert broken == {}
