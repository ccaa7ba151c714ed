"""``scrobbled import``: what it wants to know, and what it says before anything is sent."""

import json
from pathlib import Path

import pytest
import rich_click as click

from cli.conftest import Command, Said
from scrobbled.cli import main

CONFIG = """
storage: {{path: {database}}}
viewers:
  - name: anna
    trackers: {{trakt: {{client_id: app}}}}
  - name: ben
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    config = tmp_path / "scrobbled.yaml"
    config.write_text(CONFIG.format(database=tmp_path / "s.db"))

    def command(*words: str) -> Said:
        monkeypatch.setattr("sys.argv", ["scrobbled", "import", *words, "--config", str(config)])
        try:
            main()
            code: object = 0
        except SystemExit as ended:
            code = ended.code or 0
        except click.ClickException as error:
            code = error.exit_code
        said = capsys.readouterr()
        return Said(int(str(code)), said.out, said.err)

    return command


@pytest.fixture
def table(tmp_path: Path) -> str:
    path = tmp_path / "history.csv"
    path.write_text("show,season,episode,date\nHarbour,1,1,2026-05-03\n")
    return str(path)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "Say whose history it is"),
        (("--viewer", "carla"), "known here: anna, ben"),
        (("--viewer", "anna", "--to", "serializd"), "there is trakt"),
        (("--viewer", "ben"), "there is none"),
        (("--viewer", "anna", "--dry-run", "--plan", "abc-0123456789ab"), "say one of the two"),
    ],
)
def test_wrong_usage_says_what_is_right(run: Command, table: str, words: tuple[str, ...], told: str) -> None:
    said = run(table, *words)
    assert said.code == 2
    assert told in " ".join(said.err.replace("│", " ").split())


def test_a_file_that_cannot_be_used_is_an_error_that_says_why(run: Command, tmp_path: Path) -> None:
    said = run(str(tmp_path / "nothing.zip"), "--viewer", "anna")
    assert (said.code, "There is no file" in said.err) == (1, True)
    state = tmp_path / "sync_state.json"
    state.write_text('{"version": 1, "synced_act')
    said = run(str(state), "--viewer", "anna")
    assert (said.code, "is damaged" in said.err) == (1, True)


def test_a_state_of_the_old_program_needs_both_trackers(run: Command, tmp_path: Path) -> None:
    state = tmp_path / "sync_state.json"
    state.write_text(json.dumps({"version": 1, "synced_activities": ["1:1:1:2026-05-03"]}))
    said = run(str(state), "--viewer", "anna")
    assert said.code == 2
    assert "no tracker serializd" in " ".join(said.err.replace("│", " ").split())
