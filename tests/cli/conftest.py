"""The command as a shell calls it, in this process."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from scrobbled.cli import main


class Said(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Command = Callable[..., Said]
CONFIG = """
storage: {{path: {database}}}
sources: {{plex: {{token: "${{HOOK}}"}}}}
viewers:
  - name: anna
    accounts: {{plex: anna}}
    trackers:
      serializd: {{email: anna@example.org, password: hunter-seven}}
      trakt: {{client_id: app}}
"""


@pytest.fixture
def scrobbled(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """With these words; what was printed before is not said by it."""

    def command(*words: str) -> Said:
        capsys.readouterr()
        monkeypatch.setattr("sys.argv", ["scrobbled", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return Said(int(ended.value.code or 0), said.out, said.err)

    return command


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scrobbled: Command) -> Command:
    """``scrobbled`` with these words, in a folder with a configuration."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "scrobbled.yaml").write_text(CONFIG.format(database=tmp_path / "s.db"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOOK", "a-webhook-token-0815")
    monkeypatch.delenv("SCROBBLED_CONFIG", raising=False)
    return scrobbled
