"""``scrobbled setup`` at a terminal: what the first start asks, written as somebody answers, against the stand-ins."""

import contextlib
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.test_auth_elsewhere import agreeing
from e2e.harness import Town, Viewing, just_now, serving, until

PATIENCE = 60.0
PASSWORD = "door-password-9182"
LATER = ""


@dataclass
class Terminal:
    """Somebody who waits for a question and types; ``seen`` is all that was shown."""

    process: int
    screen: int
    seen: str = ""
    gone: bool = False
    """Nobody has the terminal any more."""
    _read: int = field(default=0)

    def expect(self, wanted: str) -> str:
        """What is shown up to there, since the last time."""
        ends = time.monotonic() + PATIENCE
        while (found := re.search(wanted, self.seen[self._read :])) is None:
            assert self._more(ends), f"{wanted!r} did not come: {self.seen[self._read :]}"
        begin, self._read = self._read, self._read + found.end()
        return self.seen[begin : self._read]

    def answer(self, question: str, typed: str = LATER) -> None:
        self.expect(re.escape(question))
        self.expect(r"(\]|\)|\w|\?): ?$|: ")
        os.write(self.screen, f"{typed}\n".encode())

    def leave(self, key: str) -> int:
        """A key that ends it. Python loses one that comes between a question and the look for its answer: once more."""
        for _ in range(10):
            os.write(self.screen, key.encode())
            while self._more(time.monotonic() + PATIENCE / 10):
                pass
            if self.gone:
                break
        return self.ends()

    def ends(self) -> int:
        while self._more(time.monotonic() + PATIENCE):
            pass
        assert self.gone, f"it did not end: {self.seen[self._read :]}"
        return os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])

    def _more(self, ends: float) -> bool:
        if not select.select([self.screen], [], [], max(0.0, ends - time.monotonic()))[0]:
            return False
        with contextlib.suppress(OSError):  # which is how a terminal says that nobody is there any more
            if more := os.read(self.screen, 4096):
                self.seen += more.decode("utf-8", "replace").replace("\r\n", "\n")
                return True
        self.gone = True
        return False


@pytest.fixture
def town() -> Iterator[Town]:
    with Town(shows=1) as found:
        yield found


@pytest.fixture
def terminals() -> Iterator[list[Terminal]]:
    begun: list[Terminal] = []
    yield begun
    for one in begun:
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(one.process, signal.SIGKILL)
            os.waitpid(one.process, 0)
        os.close(one.screen)


def begun(terminals: list[Terminal], path: Path, *words: str) -> Terminal:
    command = [sys.executable, "-m", "scrobbled", "setup", "--config", str(path), *words]
    process, screen = pty.fork()
    if not process:
        os.execve(command[0], command, {**os.environ, "TERM": "dumb"})
    terminals.append(Terminal(process, screen))
    return terminals[-1]


def written(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


def test_an_evening_of_questions_ends_with_a_library_and_a_tracker_in_step(
    town: Town, tmp_path: Path, terminals: list[Terminal]
) -> None:
    path = tmp_path / "scrobbled.yaml"
    one = begun(terminals, path, "--elsewhere")
    one.answer("Password, of at least 8 characters (empty: later)", PASSWORD)
    one.answer("Repeat the password", PASSWORD)
    one.answer("User name [admin]")
    one.answer("Your name (empty: later)", "anna")
    one.answer("Another person (empty: go on)")
    one.answer("Add (1 to", "Trakt")
    one.answer("Client ID", "sandbox-client")
    one.answer("Client secret", "sandbox-secret")
    one.answer("Address (may be empty)", f"{town.base}/trakt")
    one.answer("Address of the sign-in (may be empty)", f"{town.base}/trakt-auth")
    code = one.expect(r"asks for this code:\n(\S+)\n").splitlines()[-1]
    assert town.do(lambda: town.sandbox["trakt"].oauth.settle_device(code, username="anna", deny=False))
    one.expect("Signed in to Trakt for anna as anna.")
    one.answer("Add (1 to", "plex")
    one.answer("account there [anna]")
    one.answer("Whom of the home its owner signs in for (may be empty)")
    one.answer("Address (may be empty)", f"{town.base}/plex")
    somebody = agreeing(town)
    one.answer("Address of the account's site (may be empty)", f"{town.base}/plextv")
    one.expect("Signed in to Plex for anna as anna.")
    somebody.join(PATIENCE)
    one.answer("Add (1 to")
    one.answer("Connect (1 to", "Plex")
    assert "/webhooks/plex/" in one.expect(r"reports to:\n(\S+)\n")
    one.answer("Connect (1 to")
    one.answer("Those that count", "TV")
    one.answer("Compare every 15 minutes, and keep Plex and Trakt of anna in step?", "y")
    one.expect("scrobbled sync --dry-run --viewer anna --pair plex,trakt")
    assert one.ends() == 0
    assert "Left for later: the first event of it." in one.seen
    for secret in (PASSWORD, "sandbox-secret", "sandbox-plextv-anna"):
        assert secret not in one.seen
    is_as_answered(written(path), town)


def test_somebody_whom_the_library_knows_by_another_name_says_so(
    town: Town, tmp_path: Path, terminals: list[Terminal]
) -> None:
    path = tmp_path / "scrobbled.yaml"
    path.write_text(f"storage: {{path: {tmp_path}/s.db}}\nviewers:\n  - name: Annette\n", encoding="utf-8")
    one = begun(terminals, path, "--elsewhere")
    one.answer("Password, of at least 8")
    one.answer("Another person (empty: go on)")
    one.answer("Add (1 to", "plex")
    one.answer("account there [Annette]", "anna")
    one.answer("Whom of the home")
    one.answer("Address (may be empty)")
    somebody = agreeing(town)
    one.answer("Address of the account's site (may be empty)", f"{town.base}/plextv")
    one.expect("Signed in to Plex for Annette as anna.")
    somebody.join(PATIENCE)
    one.answer("Add (1 to")
    one.answer("Connect (1 to")
    one.answer("Those that count")
    assert one.ends() == 0
    values = written(path)
    assert values["viewers"][0]["accounts"] == {"plex": ["anna"]}
    assert len(values["sources"]["plex"]["token"]) == 32


def is_as_answered(values: Any, town: Town) -> None:
    (anna,) = values["viewers"]
    assert values["server"]["login"]["username"] == "admin"
    assert PASSWORD not in str(values)
    assert "accounts" not in anna, "by her own name she is known anyway"
    assert anna["trackers"]["trakt"]["client_id"] == "sandbox-client"
    plex = anna["trackers"]["plex"]
    assert plex == {"url": f"{town.base}/plex", "account_url": f"{town.base}/plextv", "libraries": ["TV"]}
    assert anna["pairs"] == [{"between": ["plex", "trakt"], "plays": "both", "ratings": "both", "every": "15m"}]
    assert list(values["sources"]) == ["plex"]


def test_every_question_can_wait_and_asking_again_goes_on_from_there(tmp_path: Path, terminals: list[Terminal]) -> None:
    path = tmp_path / "scrobbled.yaml"
    one = begun(terminals, path)
    one.answer("Password, of at least 8 characters (empty: later)")
    one.answer("Your name (empty: later)")
    one.answer("Connect (1 to")
    assert one.ends() == 0
    assert not path.exists(), "nothing was said"
    assert "Left for later: a password for the page, who watches, a tracker for what is watched" in one.seen
    again = begun(terminals, path)
    again.answer("Password, of at least 8 characters (empty: later)", "short")
    again.answer("Repeat the password", "short")
    again.answer("User name [admin]")
    again.expect("Take a password of at least 8 characters.")
    again.answer("Once more? (y, empty: later)")
    again.answer("Your name (empty: later)", "anna")
    again.answer("Another person (empty: go on)")
    again.answer("Add (1 to")
    again.answer("Connect (1 to")
    assert again.ends() == 0
    assert written(path)["viewers"] == [{"name": "anna"}]


def test_what_is_wrong_can_be_said_once_more_or_later(town: Town, tmp_path: Path, terminals: list[Terminal]) -> None:
    path = tmp_path / "scrobbled.yaml"
    path.write_text(f"# mine\nstorage: {{path: {tmp_path}/s.db}}\nviewers:\n  - name: anna   # me\n", encoding="utf-8")
    one = begun(terminals, path, "--elsewhere")
    one.answer("Password, of at least 8")
    one.answer("Another person (empty: go on)")
    one.answer("Add (1 to", "9")
    one.expect("That is none of them.")
    one.answer("Add (1 to", "serializd")
    one.answer("E-mail", "anna@example.org")
    one.answer("Address (may be empty)", f"{town.base}/serializd/api")
    one.answer("Password", "not-the-password")
    one.answer("Once more? (y, empty: later)", "y")
    one.answer("E-mail", "anna@example.org")
    one.answer("Address (may be empty)", f"{town.base}/serializd/api")
    one.answer("Password", "anna-secret")
    one.expect("Signed in to Serializd for anna")
    one.answer("Add (1 to")
    one.answer("Connect (1 to")
    assert one.ends() == 0
    text = path.read_text("utf-8")
    assert text.startswith("# mine\n")
    assert "- name: anna   # me\n" in text
    assert "secret" not in text + one.seen


@pytest.mark.parametrize("key", ["\x03", "\x04"], ids=["Ctrl-C", "Ctrl-D"])
def test_whoever_leaves_in_the_middle_is_told_what_is_left_and_keeps_what_was_said(
    tmp_path: Path, terminals: list[Terminal], key: str
) -> None:
    path = tmp_path / "scrobbled.yaml"
    one = begun(terminals, path)
    one.answer("Password, of at least 8")
    one.answer("Your name (empty: later)", "anna")
    one.expect("Another person")
    assert one.leave(key) == (130 if key == "\x03" else 0)
    assert "Left for later: a password for the page, a tracker for what is watched, a media server" in one.seen
    assert "Traceback" not in one.seen
    assert written(path)["viewers"] == [{"name": "anna"}]


def test_ctrl_c_while_a_sign_in_waits_ends_it_as_well(town: Town, tmp_path: Path, terminals: list[Terminal]) -> None:
    path = tmp_path / "scrobbled.yaml"
    plex = f"{{url: {town.base}/plex, account_url: {town.base}/plextv}}"
    path.write_text(f"storage: {{path: {tmp_path}/s.db}}\nviewers: [{{name: anna, trackers: {{plex: {plex}}}}}]\n")
    one = begun(terminals, path)
    one.answer("Password, of at least 8")
    one.answer("Another person (empty: go on)")
    one.answer("Sign anna in to Plex now? (y, empty: later)", "y")
    one.expect("Waiting up to")
    assert one.leave("\x03") == 130
    assert "Left for later" in one.seen
    assert "Traceback" not in one.seen


def test_without_a_terminal_it_says_so_in_a_sentence(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "scrobbled", "setup", "--config", str(tmp_path / "scrobbled.yaml")]
    told = subprocess.run(command, input="anna\n", capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (told.returncode, told.stdout) == (2, "")
    assert "wants a terminal" in told.stderr
    assert list(tmp_path.iterdir()) == []


def test_beside_a_service_that_runs_it_asks_only_for_what_is_missing_and_the_service_takes_it_up(
    town: Town, tmp_path: Path, terminals: list[Terminal]
) -> None:
    with serving(tmp_path, town) as service:
        one = begun(terminals, service.config_path)
        one.answer("Password, of at least 8 characters (empty: later)")
        one.answer("Another person (empty: go on)", "bob")
        one.answer("Another person (empty: go on)")
        viewing = Viewing(town.episodes()[0], just_now())
        assert service.post(*viewing.webhook()).status_code == 200, "nobody waits for what is asked"
        until(lambda: "configuration reloaded" in service.log(), PATIENCE, "the service takes it up")
        assert "no play can be told to be by bob" in service.log()
        one.expect("Where anna keeps what they watch")
        assert one.leave("\x03") == 130
        assert [person["name"] for person in written(service.config_path)["viewers"]] == ["anna", "bob"]
        until(lambda: town.trakt() == [viewing.trakt], PATIENCE, "what was watched meanwhile arrives")
