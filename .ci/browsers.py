"""Finds a browser for the tests of the pages, and gets one where there is none.

One counts only when it starts: Playwright's own needs libraries that a bare system lacks, and a command of that name
may do no more than say how to install it. Playwright itself has to start, too.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

VENV = Path(__file__).resolve().parent.parent / ".venv"
OWN = VENV / "browsers"
"""Where Playwright's own Chromium goes."""
COMMANDS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge", "chrome")
APPLICATIONS = ("Chromium", "Google Chrome", "Microsoft Edge")  # on a Mac
FLAGS = ("--no-sandbox",)  # it guards against pages of strangers; root cannot have it, nor can most containers
HOW = "install Chromium, Chrome or Edge (on Debian: sudo apt install chromium libatomic1)"
APT = ("apt-get", "-q", "-y", "-o", "Acquire::Retries=1", "-o", "Acquire::http::Timeout=20")
STARTS, UPDATES, FETCHES, DOWNLOADS = 30, 60, 120, 300
"""Seconds that each may take: a network that never answers must not keep anybody from the tests."""


def lacking(browser):
    """What the tests of the pages cannot be run for, and how to get it; empty where they can, with this browser."""
    if not browser:
        return f"for want of a browser: {HOW}"
    return "" if drives() else "for want of libatomic, which Playwright needs (on Debian: sudo apt install libatomic1)"


def drives():
    """Whether Playwright starts: it brings a Node.js, which needs a library that a bare system lacks."""
    brought = next(VENV.glob("lib/*/site-packages/playwright/driver/node"), None)
    node = os.environ.get("PLAYWRIGHT_NODEJS_PATH") or brought
    return node is None or ran([str(node), "--version"], STARTS)[0]


def found():
    """The path of the first browser that starts, or None: the one named, one of the system's, Playwright's own."""
    return next(filter(starts, candidates()), None)


def candidates():
    named = os.environ.get("SCROBBLED_BROWSER")
    mac = (f"/Applications/{name}.app/Contents/MacOS/{name}" for name in APPLICATIONS)
    return [path for path in (named, *map(shutil.which, COMMANDS), *filter(os.path.exists, mac), *own()) if path]


def own():
    return sorted(map(str, OWN.glob("chromium_headless_shell-*/chrome-*/chrome-headless-shell")), reverse=True)


def starts(browser):
    """Whether it draws an empty page."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        page = ("--headless", "--disable-dev-shm-usage", f"--user-data-dir={profile}", "--dump-dom", "about:blank")
        good, said = ran([browser, *FLAGS, *page], STARTS)
    return good and "<html" in said


def got(python, say):
    """A browser, with a Playwright that starts, or None where that cannot be had; ``python`` has Playwright."""
    playwright, root = [str(python), "-m", "playwright"], os.geteuid() == 0 and shutil.which("apt-get")
    if root and not drives():
        install("libatomic1", say)
    ways = [fetch, add_libraries, package] if root else [fetch]
    browser = found()
    while ways and not browser:
        ways.pop(0)(playwright, say)
        browser = found()
    return browser if drives() else None


def fetch(playwright, say):
    say("There is no browser for the tests of the pages. Fetching Playwright's own Chromium into .venv")
    patience = {"PLAYWRIGHT_BROWSERS_PATH": str(OWN), "PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT": "10000"}
    told(say, [*playwright, "install", "--only-shell", "chromium"], FETCHES, **patience)


def add_libraries(playwright, say):
    if own():
        say("It does not start. Installing the libraries that it lacks")
        told(say, [*playwright, "install-deps", "chromium-headless-shell"])


def package(playwright, say):
    install("chromium", say)


def install(name, say):
    say(f"Installing {name} with apt-get. This can take some minutes")
    wanted = ("install", "--no-install-recommends", name)
    steps = (([*APT, "update"], UPDATES), ([*APT, "--download-only", *wanted], DOWNLOADS), ([*APT, *wanted], None))
    return all(told(say, words, seconds) for words, seconds in steps)


def told(say, words, seconds=None, **environ):
    """Whether it went well; where it did not, that is said, and everything goes on."""
    good, said = ran(words, seconds, DEBIAN_FRONTEND="noninteractive", **environ)
    if not good:
        lines = [line.strip() for line in said.splitlines() if line.strip()] or ["no reason was given"]
        say("That failed: " + next((line for line in lines if line.startswith(("Error", "E:"))), lines[-1]))
    return good


def ran(words, seconds=None, **environ):
    """Whether a command went well, and what it said. After so many seconds it is ended, with all that it started."""
    with tempfile.TemporaryFile() as out:
        streams = {"stdin": subprocess.DEVNULL, "stdout": out, "stderr": subprocess.STDOUT}
        try:
            process = subprocess.Popen(words, env={**os.environ, **environ}, start_new_session=True, **streams)
        except OSError as error:
            return False, str(error)
        try:
            process.wait(seconds)
            late = ""
        except subprocess.TimeoutExpired:
            late = f"\nError: not done within {seconds} s"
        finally:
            with contextlib.suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        out.seek(0)
        return process.returncode == 0, out.read().decode(errors="replace") + late
