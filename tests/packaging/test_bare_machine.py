"""The tests on a machine that lacks what some of them need: a browser is got, and what is left out is told."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import browsers
import dev
import pytest

from conftest import COMPLETE, left_out, of_this_machine
from patience import until
from scrobbled.config import Config
from scrobbled.config.service import IngressConfig

ROOT = Path(__file__).resolve().parent.parent.parent
DRAWS, ONLY_TALKS, LACKS = "echo '<html></html>'", "echo 'Chromium 1.2'", "exit 127"


def command(path: Path, does: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{does}\n")
    path.chmod(0o755)
    return str(path)


class Machine:
    """What can be found on it, and how each command goes that would change it."""

    def __init__(self, folder: Path) -> None:
        self.bin, self.venv = folder / "bin", folder / "venv"
        self.own = self.venv / "browsers"
        self.asked: list[str] = []
        self.makes: dict[str, tuple[Path, str]] = {}

    def has(self, name: str, does: str = DRAWS) -> str:
        return command(self.bin / name, does)

    def can_drive(self, does: str) -> str:
        return command(self.node, does)

    @property
    def node(self) -> Path:
        return self.venv / "lib" / "python3" / "site-packages" / "playwright" / "driver" / "node"

    @property
    def playwrights(self) -> Path:
        return self.own / "chromium_headless_shell-1" / "chrome-headless-shell-linux64" / "chrome-headless-shell"

    def told(self, say: object, words: Sequence[str], seconds: float | None = None, **environ: str) -> bool:
        asked = " ".join(word for word in words if word[0] not in "-/" and "=" not in word)
        self.asked.append(asked)
        if made := self.makes.get(asked):
            command(*made)
        return made is not None

    def get(self) -> str | None:
        return browsers.got("/python", lambda line: None)  # type: ignore[no-any-return]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine(tmp_path)
    monkeypatch.setenv("PATH", f"{made.bin}")
    monkeypatch.delenv("SCROBBLED_BROWSER", raising=False)
    monkeypatch.setattr(browsers, "OWN", made.own)
    monkeypatch.setattr(browsers, "VENV", made.venv)
    made.can_drive(DRAWS)
    monkeypatch.setattr(browsers, "APPLICATIONS", ())
    monkeypatch.setattr(browsers, "told", made.told)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    return made


# Looking for one


@pytest.mark.parametrize("name", ["chromium", "chromium-browser", "google-chrome", "microsoft-edge"])
def test_a_browser_of_the_system_is_found_whatever_it_is_called(machine: Machine, name: str) -> None:
    assert browsers.found() is None
    assert machine.has(name) == browsers.found()


@pytest.mark.parametrize("does", [ONLY_TALKS, LACKS])
def test_what_does_not_draw_a_page_does_not_count(machine: Machine, does: str) -> None:
    machine.has("chromium", does)
    assert browsers.found() is None
    assert machine.has("google-chrome") == browsers.found()


def test_what_is_named_comes_first_and_playwrights_own_last(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    own = command(machine.playwrights, DRAWS)
    assert browsers.found() == own
    assert machine.has("chromium") == browsers.found()
    monkeypatch.setenv("SCROBBLED_BROWSER", machine.has("another"))
    assert browsers.found() == machine.has("another")


# Getting one


FETCH, LIBRARIES = "playwright install chromium", "playwright install-deps chromium-headless-shell"
PACKAGE = ["apt-get update", "apt-get install chromium", "apt-get install chromium"]


def test_playwrights_own_is_fetched_without_root(machine: Machine) -> None:
    machine.makes[FETCH] = (machine.playwrights, DRAWS)
    assert machine.get() == str(machine.playwrights)
    assert machine.asked == [FETCH]


def test_whoever_is_not_root_installs_nothing(machine: Machine) -> None:
    machine.has("apt-get")
    assert machine.get() is None
    assert machine.asked == [FETCH]


def test_root_installs_the_package_where_nothing_can_be_fetched(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert machine.get() is None
    machine.has("apt-get")
    machine.makes = {step: (machine.bin / step.split()[-1], DRAWS) for step in PACKAGE}
    assert machine.get() == str(machine.bin / "chromium")
    assert machine.asked == [FETCH, FETCH, *PACKAGE]


def test_root_adds_the_libraries_that_playwrights_own_lacks(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    machine.has("apt-get")
    machine.makes = {FETCH: (machine.playwrights, LACKS), LIBRARIES: (machine.playwrights, DRAWS)}
    assert machine.get() == str(machine.playwrights)
    assert machine.asked == [FETCH, LIBRARIES]


def test_root_adds_the_library_without_which_playwright_does_not_start(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    machine.has("apt-get")
    machine.can_drive(LACKS)
    browser = machine.has("chromium")
    machine.makes = {"apt-get update": (machine.node, LACKS), "apt-get install libatomic1": (machine.node, DRAWS)}
    assert machine.get() == browser
    assert machine.asked == ["apt-get update", "apt-get install libatomic1", "apt-get install libatomic1"]


def test_what_is_lacking_is_said_with_how_to_get_it(machine: Machine) -> None:
    assert browsers.lacking("/a/browser") == ""
    assert browsers.lacking(None).startswith("for want of a browser: install Chromium")
    machine.can_drive(LACKS)
    machine.has("chromium")
    assert machine.get() is None
    assert browsers.lacking("/a/browser").startswith("for want of libatomic")


def test_an_index_that_does_not_answer_ends_it(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    machine.has("apt-get")
    assert machine.get() is None
    assert machine.asked == [FETCH, PACKAGE[0]]


def test_what_takes_too_long_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    hangs = command(tmp_path / "hangs", f"sleep 600 & echo $! >{tmp_path / 'child'}; wait")
    good, said = browsers.ran([hangs], 0.5)
    assert not good
    assert "not done within 0.5 s" in said
    child = Path("/proc", (tmp_path / "child").read_text().strip(), "stat")

    def is_ended() -> bool:  # a machine that is busy takes a moment to carry out the signal
        return not child.exists() or child.read_text().split()[2] == "Z"

    asyncio.run(until(is_ended, "the child is ended"))


def test_what_failed_is_told_in_its_own_words_and_raises_nothing(tmp_path: Path) -> None:
    said: list[str] = []
    refused = command(tmp_path / "refused", "echo Fetching; echo 'Error: no such host'; echo '  at line 7'; exit 1")
    assert not browsers.told(said.append, [refused])
    assert not browsers.told(said.append, [str(tmp_path / "nothing")])
    assert said[0] == "That failed: Error: no such host"
    assert "No such file" in said[1]


@pytest.mark.parametrize(
    ("words", "asks"),
    [
        ("", True), ("-k plex", True), ("tests", True), ("-x tests/browser/test_every_page.py::test_a", True),
        ("tests/core tests/browser", True), ("tests/sources -k plex", False), ("tests/core/test_ends.py::t", False),
    ],
)  # fmt: skip
def test_a_browser_is_got_only_where_its_tests_are_asked_for(words: str, asks: bool) -> None:
    assert dev.asks_for_pages(words.split()) is asks


# What was left out


def test_what_is_left_out_is_counted_for_each_reason_and_nothing_is_said_where_all_were_run() -> None:
    reasons = [
        "Skipped: for want of a fork: buy one",
        "Skipped: for want of root",
        "Skipped: for want of a fork: buy one",
    ]
    told = "2 tests were not run for want of a fork: buy one. 1 test was not run for want of root."
    assert left_out(reasons) == told
    assert left_out([]) == ""


WANTING = """
import signal
import pytest

@pytest.fixture
def fork():
    pytest.skip("for want of a fork: buy one")

def test_with_it(fork): ...
@pytest.mark.skipif(True, reason="for want of a fork: buy one")
def test_with_two(): ...
def test_without(): assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
"""


def in_the_background() -> None:
    """As a shell begins what ends with an &."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@pytest.mark.parametrize("complete", [False, True])
def test_the_last_line_names_what_was_left_out_and_it_fails_where_everything_must_run(
    complete: bool, tmp_path: Path
) -> None:
    (tmp_path / "test_wanting.py").write_text(WANTING)
    environ = {name: value for name, value in os.environ.items() if name != COMPLETE} | {"PYTHONPATH": "tests"}
    words = ["-m", "pytest", "-p", "conftest", "-p", "no:cacheprovider", "-c", "pyproject.toml", str(tmp_path)]
    environ |= {COMPLETE: "yes"} if complete else {}
    done = subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=in_the_background,
    )
    *_, summary, last = done.stdout.splitlines()
    if complete:
        assert done.returncode == 1
        assert last.startswith("1 passed, 2 errors")
        assert "not run Skipped: for want of a fork" in done.stdout
    else:
        assert done.returncode == 0, done.stdout
        assert summary.startswith("1 passed, 2 skipped")
        assert last == "2 tests were not run for want of a fork: buy one."


def test_where_everything_is_checked_no_test_may_be_left_out() -> None:
    assert re.search(rf"(?m)^export (\w+=\S+ )*{COMPLETE}=yes", (ROOT / ".ci" / "run").read_text(encoding="utf-8"))


# Somebody's own scrobbled


def test_the_tests_know_nothing_of_the_scrobbled_proxy_or_terminal_of_whoever_runs_them() -> None:
    own = ["SCROBBLED_PORT", "PUID", "https_proxy", "ALL_PROXY", "LC_ALL", "COLUMNS"]
    assert of_this_machine([*own, "PATH", "HOME", "SCROBBLED_WALKS", COMPLETE]) == set(own)


def test_no_test_goes_to_the_ports_of_whoever_runs_them() -> None:
    for port in (Config().server.port, IngressConfig().port):
        with socket.socket() as one, pytest.raises(AssertionError, match="a test went to"):
            one.connect(("127.0.0.1", port))


def test_every_variable_that_the_program_reads_is_kept_from_the_tests() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    read = set(re.findall(r'"(SCROBBLED_[A-Z_]+|SUPERVISOR_TOKEN|P[UG]ID|UMASK)"', source))
    assert len(read) > 8
    assert of_this_machine(read) == read
