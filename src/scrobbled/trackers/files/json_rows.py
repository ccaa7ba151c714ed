"""The rows of a JSON list, one at a time, so that only one of them is ever held as objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from scrobbled.core.errors import said
from scrobbled.trackers.files.members import Broken

_BOM = b"\xef\xbb\xbf"


def rows(content: bytes) -> Iterator[Mapping[str, Any] | None]:
    """``None`` stands for a row that is no object. Raises ``Broken`` where the whole is no list."""
    for raw in _pieces(content):
        try:
            row = msgspec.json.decode(raw)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            row = None
        yield row if isinstance(row, dict) else None


def document(content: bytes) -> Mapping[str, Any]:
    """The one object that ``content`` is; raises ``Broken``."""
    try:
        found = msgspec.json.decode(content.removeprefix(_BOM))
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise Broken(f"it is no complete JSON ({said(error)})") from error
    if not isinstance(found, dict):
        raise Broken("it is no JSON object")
    return found


def _pieces(content: bytes) -> list[msgspec.Raw]:
    try:
        return msgspec.json.decode(content.removeprefix(_BOM), type=list[msgspec.Raw])
    except msgspec.ValidationError as error:
        raise Broken("it holds no list") from error
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise Broken(f"it is no complete JSON ({said(error)})") from error
