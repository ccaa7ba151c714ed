"""Serializd's diary as its exporter writes it in JSON; its CSV has the same values and is read as a table."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from scrobbled.core.errors import BadFile
from scrobbled.plumbing.fields import section
from scrobbled.trackers.files import json_rows
from scrobbled.trackers.files.columns import Layout
from scrobbled.trackers.files.csv_rows import CsvRows
from scrobbled.trackers.files.members import Broken, FilePart
from scrobbled.trackers.files.parsed import Collector, Parsed, Unusable
from scrobbled.trackers.files.table import TableRow, plain_name

FORMAT = "Serializd diary"


def read(member: FilePart, now: datetime) -> Parsed:
    """Raises ``BadFile`` for what is damaged, was exported without what is needed, or holds nothing."""
    into = Collector(now)
    rows = _rows(member)
    into.rows(len(rows))
    layout = Layout(column for row in rows for column in row)
    problem = layout.problem()
    if problem:
        raise BadFile(f"{member.name} cannot be imported. {problem}")
    reader = CsvRows(layout)
    for count, row in enumerate(rows, 1):
        try:
            reader.take(row, into)
        except Unusable as reason:
            into.skip(str(reason), f"entry {count} of the diary")
    if into.is_empty:
        raise BadFile(f"There is no viewing and no rating in {member.name}.")
    return into.parsed(FORMAT)


def _rows(member: FilePart) -> list[TableRow]:
    try:
        diary = json_rows.document(member.read()).get("diary")
    except Broken as error:
        raise BadFile(f"{member.name} cannot be read: {error}. Export it again.") from error
    if not isinstance(diary, list):
        raise BadFile(f"{member.name} holds no diary. Export it again, with the diary.")
    return [_row(entry) for entry in diary if isinstance(entry, dict)]


def _row(entry: Mapping[str, Any]) -> TableRow:
    """As the exporter writes it into a table."""
    return {plain_name(key): _cell(value) for key, value in section({"entry": entry}, "entry").items()}


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
