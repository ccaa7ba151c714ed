"""Serializd's diary as its exporter writes it in JSON; its CSV has the same values and is read as a table."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from scrobbled.core.errors import BadFile
from scrobbled.importing import json_rows
from scrobbled.importing.columns import Layout
from scrobbled.importing.csv_rows import Rows
from scrobbled.importing.members import Broken, Member
from scrobbled.importing.parsed import Collector, Parsed, Unusable
from scrobbled.importing.table import Row, plain_name
from scrobbled.sources.fields import section

FORMAT = "Serializd diary"


def read(member: Member, now: datetime) -> Parsed:
    """Raises ``BadFile`` for what is damaged, was exported without what is needed, or holds nothing."""
    into = Collector(now)
    rows = _rows(member)
    layout = Layout(column for row in rows for column in row)
    problem = layout.problem()
    if problem:
        raise BadFile(f"{member.name} cannot be imported. {problem}")
    reader = Rows(layout)
    for count, row in enumerate(rows, 1):
        try:
            reader.take(row, into)
        except Unusable as reason:
            into.skip(str(reason), f"entry {count} of the diary")
    if into.is_empty:
        raise BadFile(f"There is no viewing and no rating in {member.name}.")
    return into.parsed(FORMAT)


def _rows(member: Member) -> list[Row]:
    try:
        diary = json_rows.document(member.read()).get("diary")
    except Broken as error:
        raise BadFile(f"{member.name} cannot be read: {error}. Export it again.") from error
    if not isinstance(diary, list):
        raise BadFile(f"{member.name} holds no diary. Export it again, with the diary.")
    return [_row(entry) for entry in diary if isinstance(entry, dict)]


def _row(entry: Mapping[str, Any]) -> Row:
    """As the exporter writes it into a table."""
    return {plain_name(key): _cell(value) for key, value in section({"entry": entry}, "entry").items()}


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
