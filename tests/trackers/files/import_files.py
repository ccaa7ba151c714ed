"""Files as people have them: archives, tables, states. All values are made up."""

import copy
import json
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scrobbled.core.records import PlayRecord
from scrobbled.trackers.files import read_file
from scrobbled.trackers.files.parsed import Parsed

NOW = datetime(2026, 11, 14, 20, 0, tzinfo=UTC)
HARBOUR = {
    "title": "Harbour",
    "year": 2024,
    "ids": {"trakt": 181818, "slug": "harbour", "tvdb": 445566, "imdb": "tt11223344", "tmdb": 202020},
}
SALT_FLATS = {
    "title": "Salt Flats",
    "year": 2023,
    "ids": {"trakt": 606060, "slug": "salt-flats-2023", "imdb": "tt9988776", "tmdb": 717171, "plex": {"guid": "a1"}},
}


def episode(season: int, number: int, *, ids: Mapping[str, Any] | None = None, title: str = "Neap") -> dict[str, Any]:
    return {"season": season, "number": number, "title": title, "ids": dict(ids or {"trakt": 771000 + number})}


def watched(id_: int, at: str | None, season: int, number: int, **more: Any) -> dict[str, Any]:
    row = {"id": id_, "watched_at": at, "action": "watch", "type": "episode"}
    return {**row, "episode": episode(season, number), "show": HARBOUR, **more}


def watched_film(id_: int, at: str | None) -> dict[str, Any]:
    return {"id": id_, "watched_at": at, "action": "scrobble", "type": "movie", "movie": SALT_FLATS}


def archive(path: Path, files: Mapping[str, Any], *, method: int = zipfile.ZIP_DEFLATED) -> Path:
    """Texts and bytes as they are, anything else as JSON."""
    with zipfile.ZipFile(path, "w", method) as packed:
        for name, content in files.items():
            packed.writestr(name, content if isinstance(content, (str, bytes)) else json.dumps(content))
    return path


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def table(folder: Path, *lines: str, name: str = "history.csv") -> Parsed:
    return read_file(written(folder / name, "\n".join(lines) + "\n"), NOW)


def told(parsed: Parsed) -> list[tuple[str, str]]:
    """Every play: what, and when with how it is kept."""
    return [(parsed.subjects[play.key].label(), when(play)) for play in parsed.plays]


def when(play: PlayRecord) -> str:
    return f"{play.at.strftime('%Y-%m-%d %H:%M:%S') if play.at else '-'} {play.kept}"


def overlapping(path: Path, name: str, content: str, *, times: int) -> Path:
    """An archive whose ``times`` entries all lead to the same bytes: ``name`` with its number before the suffix."""
    stem, _, suffix = name.rpartition(".")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(name, content)
        one = packed.infolist()[0]
        for number in range(2, times + 1):
            again = copy.copy(one)
            again.filename = again.orig_filename = f"{stem}{number}.{suffix}"
            packed.filelist.append(again)
    return path
