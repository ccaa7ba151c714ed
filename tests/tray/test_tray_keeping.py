"""The token of the icon: read by its owner alone, and sent nowhere but where it was made."""

import json
import stat
from pathlib import Path

import pytest

from scrobbled.cli.tray.keeping import keep, place, token

HERE, NAS = "http://localhost:8484", "http://nas:8484"


def test_each_address_has_its_own_and_only_its_owner_reads_them(tmp_path: Path) -> None:
    file = tmp_path / "state" / "scrobbled" / "tray.json"
    assert token(file, HERE) == ""
    keep(file, HERE, "one")
    keep(file, NAS, "two")
    keep(file, HERE, "three")
    assert (token(file, HERE), token(file, NAS), token(file, "http://nas:8485")) == ("three", "two", "")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [one.name for one in file.parent.iterdir()] == ["tray.json"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"http://nas:8484": 3}', "\udcff"])
def test_a_file_that_cannot_be_read_holds_none(tmp_path: Path, text: str) -> None:
    file = tmp_path / "tray.json"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert token(file, NAS) == ""
    keep(file, NAS, "two")
    assert json.loads(file.read_text()) == {NAS: "two"}


@pytest.mark.parametrize(
    ("system", "environ", "where"),
    [
        ("linux", {}, "/home/anna/.local/state/scrobbled/tray.json"),
        ("linux", {"XDG_STATE_HOME": "/elsewhere"}, "/elsewhere/scrobbled/tray.json"),
        ("darwin", {}, "/home/anna/Library/Application Support/scrobbled/tray.json"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/scrobbled/tray.json"),
        ("win32", {}, "/home/anna/AppData/Local/scrobbled/tray.json"),
    ],
)
def test_it_lies_where_the_system_has_such_files(system: str, environ: dict[str, str], where: str) -> None:
    assert place(environ, Path("/home/anna"), system) == Path(where)
