"""``scrobbled sync --library``: a title that no library has is refused before anything is asked for."""

from contextlib import closing
from pathlib import Path

import pytest

from scrobbled.cli import main
from scrobbled.core.kinds import ITEMS
from scrobbled.core.records import ValueRecord
from scrobbled.store.file.opening import lock, open_database
from scrobbled.store.mirror import runs, values

CONFIG = """
storage: {{path: {database}}}
viewers:
  - name: anna
    trackers: {{trakt: {{client_id: app}}, plex: {{url: "http://localhost:9", token: a-server-token-0815}}}}
    pairs: [{{between: [plex, trakt], plays: both}}]
"""


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_a_title_that_is_not_there_is_exit_2_with_what_was_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], more: tuple[str, ...]
) -> None:
    (tmp_path / "scrobbled.yaml").write_text(CONFIG.format(database=tmp_path / "s.db"))
    monkeypatch.setenv("SCROBBLED_CONFIG", str(tmp_path / "scrobbled.yaml"))
    with closing(open_database(tmp_path / "s.db")) as db, closing(lock(tmp_path / "s.db")):
        known = [ValueRecord(title, {"in": [title]}) for title in ("Films", "TV")]
        values.put(db, ("anna", "plex"), known, 1, 0.0, kind=ITEMS)
        monkeypatch.setattr("sys.argv", ["scrobbled", "sync", "--library", "Filmes", *more])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 2
        assert 'plex has no library Filmes that is read, did you mean "Films"?' in capsys.readouterr().err
        assert runs.listing(db, None, 10) == []
