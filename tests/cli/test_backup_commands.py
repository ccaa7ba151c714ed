"""``backup``, ``restore`` and ``reset-state``: what each prints and leaves behind, and the exit codes."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from cli.conftest import Command
from cli.test_commands import fill
from scrobbled.store.file import opening


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "s.db"
    fill(path)
    return path


def test_a_copy_is_made_and_put_back(run: Command, database: Path, tmp_path: Path) -> None:
    made = run("backup", "copy.db")
    assert (made.code, made.err) == (0, "")
    assert "copy.db: " in made.out
    assert "3 plays, 2 waiting" in made.out
    assert "Keep it private" in made.out
    database.write_bytes(b"broken")
    done = run("restore", "copy.db")
    assert done.code == 0
    assert "Restored 3 plays, 2 waiting, and the sign-ins." in done.out
    assert f"{database}.before-restore-" in done.out
    assert "looked up at its tracker before it is sent" in done.out
    assert "Plays: 3" in run("status").out


def test_into_a_folder_the_name_is_the_date(run: Command, database: Path, tmp_path: Path) -> None:
    (tmp_path / "copies").mkdir()
    facts = json.loads(run("backup", "copies", "--json").out)
    assert Path(facts["path"]).parent == Path("copies")
    assert (facts["plays"], facts["waiting"]) == (3, 2)
    assert Path(facts["path"]).stat().st_size == facts["size"]


def test_a_file_that_is_there_needs_force(run: Command, database: Path, tmp_path: Path) -> None:
    (tmp_path / "copy.db").write_text("mine")
    refused = run("backup", "copy.db")
    assert (refused.code, refused.out) == (1, "")
    assert "--force" in refused.err
    assert run("backup", "copy.db", "--force").code == 0


@pytest.mark.parametrize("words", [("backup", "copy.db"), ("restore", "none.db"), ("reset-state", "--yes")])
def test_without_a_database_or_a_copy_it_says_so(run: Command, words: tuple[str, ...]) -> None:
    refused = run(*words)
    assert (refused.code, refused.out) == (1, "")
    assert "does not exist" in refused.err
    assert "Traceback" not in refused.err


def test_nothing_is_put_back_over_a_running_service(run: Command, database: Path) -> None:
    run("backup", "copy.db")
    with closing(opening.lock(database)):
        for words in (("restore", "copy.db"), ("reset-state", "--yes")):
            refused = run(*words)
            assert refused.code == 1
            assert "Stop it first" in refused.err
    assert "Plays: 3" in run("status").out


def test_a_reset_asks_first(run: Command, database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("click.confirm", lambda *given, **named: (_ for _ in ()).throw(SystemExit(1)))
    monkeypatch.setattr("rich_click.confirm", lambda *given, **named: (_ for _ in ()).throw(SystemExit(1)))
    assert run("reset-state").code == 1
    assert "Plays: 3" in run("status").out
    done = run("reset-state", "--yes")
    assert done.code == 0
    assert "Forgot 3 plays" in done.out
    assert "Plays: 0" in run("status").out
    assert len(list(database.parent.glob("s.db.before-reset-*"))) == 1
