"""``scrobbled claim``: who was heard that nobody lists, and writing down whose that account is."""

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli.conftest import Command
from flows.test_ingest import webhook
from scrobbled.config import load
from scrobbled.runtime.service import build
from scrobbled.sources.body import Body

CONFIG = """# our house
storage: {{path: {folder}/s.db}}
sources:
  plex: {{token: "0123456789abcdef"}}   # the secret
  kodi: {{token: "fedcba9876543210"}}
viewers:
  - name: anna
    accounts: {{plex:   [anna]}}   # aligned
    trackers: {{serializd: {{email: anna@example.org, password: "${{ANNA_PASSWORD:-secret-of-anna}}"}}}}
  - name: ben
"""


@dataclass
class Desk:
    file: Path
    say: Command

    def hear(self, *bodies: Body) -> list[str]:
        """As a running service does; then it ends. Gives the outcomes."""

        async def work() -> list[str]:
            runtime = build(load(self.file, {}))
            try:
                return [(await runtime.ingest.take("plex", body)).outcome for body in bodies]
            finally:
                await runtime.aclose()

        return asyncio.run(work())

    def start(self) -> int:
        """What a service that starts now takes up."""

        async def work() -> int:
            runtime = build(load(self.file, {}))
            try:
                return await runtime.ingest.claim_waiting()
            finally:
                await runtime.aclose()

        return asyncio.run(work())


@pytest.fixture
def desk(tmp_path: Path, scrobbled: Command) -> Desk:
    path = tmp_path / "scrobbled.yaml"
    path.write_text(CONFIG.format(folder=tmp_path), encoding="utf-8")
    return Desk(path, lambda *words: scrobbled("claim", *words, "--config", str(path)))


def test_who_was_heard_is_listed_with_what_it_watched_and_both_ways_to_claim_it(desk: Desk) -> None:
    desk.hear(webhook(account="carol"), webhook(account="carol", minutes=40), webhook())
    for words in (("list",), ()):
        said = desk.say(*words)
        assert said.code == 0
        first, command, line = said.out.splitlines()
        assert first.startswith("plex  carol  2 webhooks, last 20")
        assert ", such as " in first
        assert command.strip() == "scrobbled claim plex carol --viewer NAME"
        assert line.strip() == 'or give a viewer: accounts: {plex: ["carol"]}'
    (row,) = json.loads(desk.say("list", "--json").out)
    assert (row["account"], row["events"]) == ("carol", 2)


def test_a_claimed_account_is_one_line_in_the_file_and_what_waited_is_a_play(desk: Desk) -> None:
    before = desk.file.read_text()
    assert desk.hear(webhook(account="carol")) == ["unclaimed"]
    said = desk.say("plex", "carol", "--viewer", "Anna")
    assert said.code == 0, said.err
    assert desk.file.read_text() == before.replace("{plex:   [anna]}", "{plex:   [anna, carol]}")
    assert 'plex account carol is anna\'s now: accounts: {plex: ["anna", "carol"]}' in said.out
    assert "1 webhook wait, and are taken up when scrobbled serve runs" in said.out
    assert (desk.file.parent / "scrobbled.yaml.bak").read_text() == before
    assert desk.start() == 1
    assert desk.say("list").out == "Every account that was heard is listed by a viewer.\n"


def test_claiming_it_again_changes_nothing(desk: Desk) -> None:
    desk.say("plex", "carol", "--viewer", "ben")
    text = desk.file.read_text()
    said = desk.say("plex", " CAROL ", "--viewer", "ben")
    assert (said.code, desk.file.read_text()) == (0, text)
    assert "ben lists CAROL of plex already" in said.out


def test_watched_together_is_told(desk: Desk) -> None:
    said = desk.say("plex", "anna", "--viewer", "ben")
    assert "anna list it too, so what is watched counts for all of them." in said.out


def test_a_source_that_names_nobody_is_claimed_without_an_account(desk: Desk) -> None:
    found = json.loads(desk.say("kodi", "--viewer", "ben", "--json").out)
    assert (found["account"], found["line"], found["changed"]) == ("me", 'accounts: {kodi: ["me"]}', True)
    assert load(desk.file, {}).viewers[1].accounts == {"kodi": ("me",)}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("plex", "carol"), "there is: anna, ben"),
        (("plex", "carol", "--viewer", "zed"), "there is: anna, ben"),
        (("vlc", "carol", "--viewer", "anna"), "no source is called vlc"),
        (("plex", "--viewer", "anna"), "say which account"),
        (("emby", "carol", "--viewer", "anna"), "emby is not configured"),
        (("list", "carol"), "takes nothing more"),
    ],
)
def test_what_cannot_be_claimed_is_wrong_usage_and_changes_nothing(
    desk: Desk, words: tuple[str, ...], says: str
) -> None:
    before = desk.file.read_text()
    said = desk.say(*words)
    assert said.code == 2
    assert says in " ".join(said.err.split())
    assert desk.file.read_text() == before
    assert not desk.file.with_name("scrobbled.yaml.bak").exists()


def test_a_file_that_may_not_be_changed_stays_and_the_line_to_add_is_told(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = desk.file.read_text()
    monkeypatch.setattr("os.access", lambda path, mode: False)  # root may write everything
    said = desk.say("plex", "carol", "--viewer", "anna")
    assert said.code == 1
    assert "is read-only. To claim it by hand, give anna in scrobbled.yaml: " in said.err
    assert 'accounts: {plex: ["anna", "carol"]}' in said.err
    assert desk.file.read_text() == before
