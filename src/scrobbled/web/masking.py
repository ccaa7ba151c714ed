"""Taking secrets out of what is told to whoever is let in."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.redact import Redactor

T = TypeVar("T")


def masked(value: T, redactor: Redactor) -> T:
    """The same without secrets in any text. Shapes and numbers stay, so that types hold."""
    return _masked(value, _Memory(redactor).text)  # type: ignore[no-any-return]


async def masked_aside(value: T, redactor: Redactor) -> T:
    """The same in a thread: for what is so much that others would wait for it."""
    return await asyncio.to_thread(masked, value, redactor)


class _Memory:
    """Looks at each text once: names and states come back hundreds of times on one page."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._known: dict[str, str] = {}

    def text(self, text: str) -> str:
        found = self._known.get(text)
        if found is None:
            found = self._known[text] = self._redactor.text(text)
        return found


def _masked(value: Any, text: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return text(value)
    if isinstance(value, list | tuple):
        return type(value)(_masked(part, text) for part in value)
    if isinstance(value, dict):
        return {_masked(key, text): _masked(part, text) for key, part in value.items()}
    if isinstance(value, Struct):
        return replace(value, **{name: _masked(getattr(value, name), text) for name in value.__struct_fields__})
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        masked = {field.name: _masked(getattr(value, field.name), text) for field in dataclasses.fields(value)}
        return dataclasses.replace(value, **masked)
    return value
