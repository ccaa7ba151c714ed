"""A browser of this machine, driven by Playwright, in front of real services. One for all tests of a worker."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import browsers
import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import sync_playwright

from browser.screen import Screen
from e2e.harness import ENDS_WITHIN, free_port, until, web

PLAYED = 240.0
"""Seconds that the household's evening may take."""


@pytest.fixture(scope="package", autouse=True)
def browser_here() -> str:
    """Where it is. Comes first: without one, no household plays its evening for nobody."""
    found = os.environ.get("SCROBBLED_BROWSER") or browsers.found()
    if lacking := browsers.lacking(found):
        pytest.skip(lacking)
    return str(found)


@pytest.fixture(scope="package")
def chromium(browser_here: str) -> Iterator[Chromium]:
    """Ends with these tests: as long as it is there, its loop runs in this thread, and no other can."""
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=browser_here, args=browsers.FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def screen(chromium: Chromium) -> Iterator[Screen]:
    """A phone; whatever goes wrong in it fails the test."""
    with Screen(chromium) as made:
        yield made


@pytest.fixture(scope="package")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the demo's household is to be looked at, after its evening. Only to be looked at: all tests share it."""
    with played_demo(tmp_path_factory.mktemp("demo")) as url:
        yield url


@contextlib.contextmanager
def played_demo(folder: Path) -> Iterator[str]:
    """A demo after its evening, until the block ends; everything it keeps is below ``folder``."""
    port = free_port()
    log = folder / "demo.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "scrobbled", "demo", "--port", str(port)],
            stdout=out,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={**os.environ, "PYTHONUNBUFFERED": "1", "TMPDIR": str(folder)},
        )
    try:
        until(lambda: _is_played(log), PLAYED, "the demo has played")
        assert web.get(f"http://127.0.0.1:{port}/health/ready").status_code == 200
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(ENDS_WITHIN)


def _is_played(log: Path) -> bool:
    return "The page stays up" in log.read_text("utf-8", "replace")
