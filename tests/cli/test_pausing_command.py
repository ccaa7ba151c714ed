"""``scrobbled queue pause`` and ``resume``, and what ``status`` says of it."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from cli.conftest import Command
from cli.test_flood_commands import CONFIG


@pytest.fixture(autouse=True)
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "scrobbled.yaml").write_text(CONFIG.format(database=tmp_path / "s.db"))
    monkeypatch.setenv("SCROBBLED_CONFIG", str(tmp_path / "scrobbled.yaml"))


def test_a_pause_is_begun_told_and_ended(scrobbled: Command) -> None:
    code, out, err = scrobbled("queue", "pause", "--for", "1h")
    assert code == 0
    assert out.startswith("Delivery is paused until ")
    assert out.endswith(". Plays are taken and kept, and go out after that.\n")
    assert err == "To go on before that: scrobbled queue resume\n"
    told = scrobbled("status")[1]
    assert out.strip() in told
    assert "scrobbled queue resume" in told
    pause = json.loads(scrobbled("status", "--json")[1])["pause"]
    since, until = (datetime.fromisoformat(pause[end]) for end in ("since", "until"))
    assert (until - since).total_seconds() == 3_600
    assert scrobbled("queue", "resume")[:2] == (0, "Delivery goes on now, or as soon as serve runs.\n")
    assert "paused" not in scrobbled("status")[1]


def test_without_a_time_it_has_no_end(scrobbled: Command) -> None:
    told = json.loads(scrobbled("queue", "pause", "--json")[1])
    assert told["pause"]["until"] is None
    assert "Delivery is paused. Plays" in scrobbled("status")[1]
    assert json.loads(scrobbled("queue", "resume", "--json")[1]) == {"pause": None}


@pytest.mark.parametrize("wish", ["soon", "0", "1y"])
def test_what_is_no_time_is_wrong_usage(scrobbled: Command, wish: str) -> None:
    code, _, err = scrobbled("queue", "pause", "--for", wish)
    assert code == 2
    assert wish in err
    assert "paused" not in scrobbled("status")[1]
