"""What a script names by an empty variable is no leave to do everything."""

from collections.abc import Callable
from pathlib import Path

import pytest
import rich_click as click

from scrobbled.cli import main

CONFIG = """
storage: {{path: {database}}}
viewers:
  - name: anna
    trackers:
      trakt: {{client_id: app}}
      serializd: {{email: anna@example.org, password: secret}}
    pairs: [{{between: [trakt, serializd], plays: both}}]
"""
Refused = Callable[..., str]


@pytest.fixture
def refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Refused:
    """What was said of wrong usage; a database that was made meanwhile fails the test."""
    config, database = tmp_path / "scrobbled.yaml", tmp_path / "s.db"
    config.write_text(CONFIG.format(database=database))
    (tmp_path / "history.csv").write_text("show,season,episode,date\nHarbour,1,1,2026-05-03\n")

    def command(*words: str) -> str:
        words = tuple(word.replace("FILE", str(tmp_path / "history.csv")) for word in words)
        monkeypatch.setattr("sys.argv", ["scrobbled", *words, "--config", str(config)])
        with pytest.raises((SystemExit, click.ClickException)) as ended:
            main()
        error = ended.value
        assert (error.code if isinstance(error, SystemExit) else error.exit_code) == 2
        assert not database.exists()
        return " ".join(capsys.readouterr().err.replace("│", " ").split())

    return command


@pytest.mark.parametrize("option", ["--plan", "--viewer", "--pair", "--direction", "--kind", "--conflict-strategy"])
@pytest.mark.parametrize("value", ["", " "])
def test_an_empty_value_of_sync_is_not_taken_for_everything(refused: Refused, option: str, value: str) -> None:
    told = refused("sync", option, value)
    assert option in told
    assert "leave the option out" in told


@pytest.mark.parametrize("kinds", [",", "plays,,", " , "])
def test_a_list_of_kinds_names_kinds(refused: Refused, kinds: str) -> None:
    assert "--kind" in refused("sync", "--kind", kinds)


@pytest.mark.parametrize("option", ["--plan", "--viewer", "--to"])
def test_an_empty_value_of_import_is_not_taken_for_everything(refused: Refused, option: str) -> None:
    assert "leave the option out" in refused("import", "FILE", option, "")


@pytest.mark.parametrize("option", ["--pair", "--viewer"])
def test_an_empty_value_of_reset_state_forgets_nothing(refused: Refused, option: str) -> None:
    assert "leave the option out" in refused("reset-state", option, "", "--yes")


def test_a_viewer_alone_does_not_have_everybodys_plays_forgotten(refused: Refused) -> None:
    assert "--viewer needs --pair beside it" in refused("reset-state", "--viewer", "anna", "--yes")


def test_a_plan_is_carried_out_once_and_not_again_and_again(refused: Refused) -> None:
    assert "leave out --watch" in refused("sync", "--watch", "--plan", "zzzzzz-cb73b41ab52c")


@pytest.mark.parametrize(("plan", "told"), [("zzz", "not the id of a plan"), ("aaaaaa-cb73b41ab52c", "expired")])
def test_a_plan_of_an_import_is_read_before_anything_else(refused: Refused, plan: str, told: str) -> None:
    assert told in refused("import", "FILE", "--plan", plan)
