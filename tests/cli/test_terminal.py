"""What media servers, players and trackers call things reaches a terminal as text, and never as commands to it."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scrobbled.cli import main
from scrobbled.core.events import Account, EventKind, PlaybackEvent
from scrobbled.core.ids import EpisodeIds
from scrobbled.core.items import Episode
from scrobbled.core.outcomes import EventOutcome, PlayOutcome
from scrobbled.core.plays import Play
from scrobbled.store import clients, inbox
from scrobbled.store.inbox import Arrival, Queued
from scrobbled.store.opening import open_database

NOW = datetime(2026, 11, 14, 20, 0, tzinfo=UTC)
HOOK = "a-webhook-token-0815"
HOSTILE = f"\x1b]0;owned\x07\x1b[2J\x9b31m\u202e\rplanted {HOOK}"
CONFIG = f"""
storage: {{path: %s}}
sources: {{plex: {{token: {HOOK}}}}}
viewers: [{{name: anna, accounts: {{plex: anna}}, trackers: {{trakt: {{client_id: app}}}}}}]
"""
WORDS = ("status", "queue list", "map list", "token list", "explain p1 --raw", "explain e2 --raw", "replay", "doctor")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Titles, accounts, reasons, corrections, programs and messages, all of them hostile."""
    (tmp_path / "scrobbled.yaml").write_text(CONFIG % (tmp_path / "s.db"))
    with closing(open_database(tmp_path / "s.db")) as db:
        event = inbox.add_event(db, Arrival("plex", NOW, f'{{"title": "{HOSTILE}"'), EventOutcome.UNREADABLE, HOSTILE)
        way = Queued("trakt", PlayOutcome.DEAD, HOSTILE)
        play = Play("anna", "plex", Episode(HOSTILE, 1, 1, ids=EpisodeIds(tvdb=1)), NOW)
        inbox.add_play(db, play, event, [way], NOW)
        stranger = PlaybackEvent("plex", EventKind.WATCHED, NOW, Account(name=HOSTILE))
        inbox.add_event(db, Arrival("plex", NOW, HOSTILE, stranger), EventOutcome.UNCLAIMED, HOSTILE)
        clients.create(db, "trakt", HOSTILE, "anna", NOW.timestamp())
    return tmp_path


def said(folder: Path, capsys: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch, *words: str) -> str:
    patch.setattr("sys.argv", ["scrobbled", *words, "--config", str(folder / "scrobbled.yaml")])
    with pytest.raises(SystemExit):
        main()
    told = capsys.readouterr()
    return told.out + told.err


@pytest.mark.parametrize("more", [(), ("--json",)], ids=["text", "json"])
def test_no_command_prints_what_steers_a_terminal_or_a_secret(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...]
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)  # click takes colours out of a pipe by itself
    said(folder, capsys, monkeypatch, "map", "set", HOSTILE, "--ignore")
    seen = ""
    for words in WORDS:
        told = said(folder, capsys, monkeypatch, *words.split(), *more)
        seen += told
        own = told.replace("\x1b[0m", "") if words == "doctor" else told
        for colour in (1, 31, 32, 33, 90):
            own = own.replace(f"\x1b[{colour}m", "") if words == "doctor" else own
        assert not {"\x1b", "\x9b", "\x07", "\r", "\u202e"} & set(own), words
        assert HOOK not in told, words
        if more:
            json.loads(told)
    assert seen.count("planted") >= 8
