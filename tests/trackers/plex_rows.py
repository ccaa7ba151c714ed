"""Rows of a library for tests: answers as servers give them, without anybody's data."""

from pathlib import Path
from typing import TypeVar

from scrobbled.clients.plex_lists import page_of
from scrobbled.plumbing.http import Answer
from scrobbled.trackers.copies.entries import LibraryEntry
from scrobbled.trackers.plex.entries import ShowNotes, entry_of, note_of
from scrobbled.trackers.plex.rows import ItemRow

PAYLOADS = Path(__file__).resolve().parent.parent / "payloads" / "plex-library"
T = TypeVar("T")


def rows(name: str, kind: type[T]) -> list[T]:
    answer = Answer(200, {}, (PAYLOADS / f"{name}.json").read_bytes(), f"GET plex.local/{name}")
    return [row for row in page_of(answer).rows(kind) if row is not None]


def shows() -> ShowNotes:
    return {str(row.rating_key): note_of(row) for row in rows("shows-1.43", ItemRow)}


def entries(name: str, kind: int, machine: str = "m") -> list[LibraryEntry]:
    return [entry_of(row, kind, machine, shows()) for row in rows(name, ItemRow)]
