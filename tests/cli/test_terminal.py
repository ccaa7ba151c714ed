"""What media servers, players and trackers call things reaches a terminal as text, and never as commands to it."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import rich_click as click

from scrobbled.cli import command, main
from scrobbled.core.naming.ids import EpisodeIds
from scrobbled.core.naming.items import Episode
from scrobbled.core.watching.events import Account, EventKind, PlaybackEvent
from scrobbled.core.watching.plays import Play
from scrobbled.core.words.outcomes import EventOutcome, PlayOutcome
from scrobbled.store.accounts import clients
from scrobbled.store.file.opening import open_database
from scrobbled.store.inbox import events
from scrobbled.store.inbox.events import Arrival, Queued

NOW = datetime(2026, 11, 14, 20, 0, tzinfo=UTC)
HOOK = "a-webhook-token-0815"
HOSTILE = f"\x1b]0;owned\x07\x1b[2J\x9b31m\u202e\rplanted {HOOK}"
CONFIG = f"""
storage: {{path: %s}}
sources: {{plex: {{token: {HOOK}}}}}
viewers: [{{name: anna, accounts: {{plex: anna}}, trackers: {{trakt: {{client_id: app}}}}}}]
"""
WORDS = (
    "status",
    "queue list",
    "unmatched",
    "map list",
    "token list",
    "explain p1 --raw",
    "explain e2 --raw",
    "replay",
    "doctor",
)

BESIDE = (
    "config show", "claim", "undo p1 --dry-run", "map test NOBODY --viewer nobody", "map set c99 --ignore",
    "map remove m99", "cache clear", "queue retry c1", "queue approve c1", "queue drop c99", "sync --dry-run",
    "import nothing.json", "backup copy.db", "libraries", "test-event --viewer nobody",
    "test-alert --viewer nobody", "queue pause", "queue resume", "export influx",
)  # fmt: skip
"""The others that print JSON, with words by which they ask nobody anything."""
TELL_A_SECRET = {"webhook", "token create"}
"""Which is what they are for."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Titles, accounts, reasons, corrections, programs and messages, all of them hostile."""
    (tmp_path / "scrobbled.yaml").write_text(CONFIG % (tmp_path / "s.db"))
    with closing(open_database(tmp_path / "s.db")) as db:
        event = events.add_event(db, Arrival("plex", NOW, f'{{"title": "{HOSTILE}"'), EventOutcome.UNREADABLE, HOSTILE)
        way = Queued("trakt", PlayOutcome.DEAD, HOSTILE)
        play = Play("anna", "plex", Episode(HOSTILE, 1, 1, ids=EpisodeIds(tvdb=1)), NOW)
        events.add_play(db, play, event, [way], NOW)
        stranger = PlaybackEvent("plex", EventKind.WATCHED, NOW, Account(name=HOSTILE))
        events.add_event(db, Arrival("plex", NOW, HOSTILE, stranger), EventOutcome.UNCLAIMED, HOSTILE)
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


def with_json(group: click.Group, *path: str) -> Iterator[str]:
    for name, one in group.commands.items():
        if isinstance(one, click.Group):
            yield from with_json(one, *path, name)
        elif any("--json" in option.opts for option in one.params):
            yield " ".join((*path, name))


def test_every_command_that_prints_json_is_known_here() -> None:
    known = {name for name in with_json(command) if any(f"{one} ".startswith(f"{name} ") for one in (*WORDS, *BESIDE))}
    assert set(with_json(command)) - known == TELL_A_SECRET


@pytest.mark.parametrize("more", [(), ("--json",)], ids=["text", "json"])
@pytest.mark.parametrize("words", BESIDE)
def test_no_other_command_tells_a_secret(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: str,
    more: tuple[str, ...],
) -> None:
    monkeypatch.chdir(folder)
    given = [HOSTILE if word == "NOBODY" else word for word in words.split()]
    told = said(folder, capsys, monkeypatch, *given, *more)
    assert told
    assert HOOK not in told
