"""Histories as tables: one CSV, a folder or zip of them, and the export of TV Time, which tells everything twice."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from scrobbled.core.errors import BadFile
from scrobbled.trackers.files.columns import Layout
from scrobbled.trackers.files.csv_rows import NO_NAMES, CsvRows, Names, plain_ids_of_episodes
from scrobbled.trackers.files.members import Broken, FilePart
from scrobbled.trackers.files.parsed import Collector, Parsed, Unusable
from scrobbled.trackers.files.table import FileTable, TableRow
from scrobbled.trackers.files.values import ids, title_and_year

FORMAT = "table"
TV_TIME = "TV Time export"
SUFFIXES = (".csv", ".tsv", ".txt")
_TV_TIME = re.compile(r"tracking-prod-records|(?:show_)?seen_episode|followed_tv_show|user_tv_show_data", re.ASCII)
_TRUSTED = (
    r"tracking-prod-records-v2",
    r"tracking-prod-records",
    r"seen_episode_source",
    r"seen_episode",
    r"watched_on_episode",
    r"rewatched_episode",
    r"tv_show_rate",
)
"""Most complete first: the tables beside the log of episodes hold what is older than the log, and much of it too."""
_LEARNED = ("followed_tv_show", "user_tv_show_data")
"""These tell which id a show has, and nothing of what was watched."""


class _Read(Struct, frozen=True):
    member: FilePart
    table: FileTable
    layout: Layout


def read(members: Sequence[FilePart], now: datetime) -> Parsed:
    """A table that cannot be used is a trouble of its own; raises ``BadFile`` where there is nothing to import."""
    into = Collector(now)
    if any(_TV_TIME.match(member.name) for member in members):
        _read_tv_time(members, into)
        form = TV_TIME
    else:
        for found in _tables(members, into):
            _take(found, CsvRows(found.layout, plain_ids_of_episodes(found.table, found.layout)), into)
        form = FORMAT
    if into.is_empty:
        raise BadFile(_nothing(members, into, now))
    return into.parsed(form)


def _nothing(members: Sequence[FilePart], into: Collector, now: datetime) -> str:
    skipped = [f"{count} rows: {reason}" for reason, count in into.parsed(FORMAT).skipped.items()]
    told = " ".join((*into.troubles, *(f"{line}." for line in skipped)))
    return f"There is nothing to import in {', '.join(member.name for member in members[:3])}. {told}".strip()


def _tables(members: Sequence[FilePart], into: Collector) -> Iterator[_Read]:
    for member in members:
        try:
            table = _table(member, into)
        except Broken as error:
            into.trouble(f"{member.name} was left out: {error}.")
            continue
        layout = Layout(table.columns)
        problem = layout.problem()
        if problem:
            into.trouble(f"{member.name} was left out. {problem}")
        else:
            yield _Read(member, table, layout)


def _table(member: FilePart, into: Collector) -> FileTable:
    table = FileTable(member.read())
    into.rows(table.size)
    return table


def _take(found: _Read, rows: CsvRows, into: Collector) -> None:
    try:
        for number, row in found.table.rows():
            _take_row(row, rows, into, f"{found.member.name} line {number}")
    except Broken as error:
        into.trouble(f"{found.member.name} was not read to its end: {error}.")


def _take_row(row: TableRow | None, rows: CsvRows, into: Collector, place: str) -> None:
    try:
        if row is None:
            raise Unusable("a line with quotation marks out of place")
        rows.take(row, into)
    except Unusable as reason:
        into.skip(str(reason), place)


def _read_tv_time(members: Sequence[FilePart], into: Collector) -> None:
    """Every table adds what those before it did not have."""
    tables = sorted(_tables([member for member in members if _rank(member) is not None], into), key=_trust)
    names = _learn([*_knowing(members, into), *((one.table, one.layout) for one in tables)])
    for found in tables:
        _take(found, CsvRows(found.layout, names=names, before=into.counts()), into)


def _rank(member: FilePart) -> int | None:
    return next((rank for rank, start in enumerate(_TRUSTED) if member.name.startswith(start)), None)


def _trust(found: _Read) -> int:
    rank = _rank(found.member)
    return len(_TRUSTED) if rank is None else rank


def _learn(tables: Sequence[tuple[FileTable, Layout]]) -> Names:
    found: dict[str, int] = {}
    for table, layout in tables:
        for row in table.readable():
            _learn_row(layout, row, found)
    return Names(found) if found else NO_NAMES


def _knowing(members: Sequence[FilePart], into: Collector) -> Iterator[tuple[FileTable, Layout]]:
    """Tables of shows; what cannot be read of them costs ids and no plays."""
    for member in members:
        if member.name.startswith(_LEARNED):
            try:
                table = _table(member, into)
            except Broken as error:
                into.trouble(f"{member.name}, which tells the ids of shows, was left out: {error}.")
                continue
            yield table, Layout(table.columns)


def _learn_row(layout: Layout, row: TableRow, found: dict[str, int]) -> None:
    show, _ = title_and_year(layout.get(row, "show"))
    given: Mapping[str, int] = ids({"tvdb": layout.get(row, "show_tvdb")})
    if show and "tvdb" in given:
        found.setdefault(show, given["tvdb"])
