"""The steps of a first start that need no account, as somebody on the machine itself sees them, on phone and desk.

``SCROBBLED_SCREENSHOTS=FOLDER`` keeps a picture of each.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page

from browser.screen import SIZES, THEMES, Screen
from e2e.harness import ENDS_WITHIN, free_port, until, web
from scrobbled.desk.settings.starting import PORT, SetupStep

STARTED = 60.0
"""Seconds."""


@pytest.fixture
def first(tmp_path: Path) -> Iterator[str]:
    """Where a service without any configuration is to be looked at. It may be changed: each test has its own."""
    port = free_port()
    known = {name: value for name, value in os.environ.items() if name != "SCROBBLED_CONFIG"}
    process = subprocess.Popen(
        [sys.executable, "-m", "scrobbled", "serve"],
        stderr=subprocess.DEVNULL,
        cwd=tmp_path,
        env={**known, PORT: str(port)},
    )
    address = f"http://127.0.0.1:{port}"
    try:
        until(lambda: _answers(address), STARTED, "it answers")
        yield address
    finally:
        process.terminate()
        process.wait(ENDS_WITHIN)


def _answers(address: str) -> bool:
    try:
        return web.get(f"{address}/health/ready").status_code == 200
    except httpx.TransportError:
        return False


def looked_at(screen: Screen, step: SetupStep, size: str) -> Page:
    page = screen.page
    page.wait_for_url(f"**/start/{step}")
    screen.must_be_readable(f"start-{step}-{size}")
    return page


@pytest.mark.parametrize("size", SIZES)
def test_each_step_is_readable_for_everybody_and_leads_to_the_next(first: str, chromium: Chromium, size: str) -> None:
    with Screen(chromium, SIZES[size], color_scheme=THEMES[size]) as screen:
        screen.open(first)
        page = looked_at(screen, SetupStep.PASSWORD, size)
        page.get_by_label("Password", exact=True).fill("a-long-password")
        page.get_by_label("Repeat the password").fill("a-long-password")
        page.get_by_role("button", name="Continue").click()
        page = looked_at(screen, SetupStep.YOU, size)
        page.get_by_label("Your name").fill("anna")
        page.get_by_role("button", name="Continue").click()
        looked_at(screen, SetupStep.TRACKERS, size)
        screen.open(f"{first}/start/{SetupStep.SERVER}")
        looked_at(screen, SetupStep.SERVER, size)
