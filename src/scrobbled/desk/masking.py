"""Taking secrets out of what is told to whoever is let in.

The ways out are few: API and pages (``web.door.masking``), the log that is read there (``web.log_live``), sensors
(``home_assistant``), the report of the doctor (``doctor.examination``), and what commands print (``cli.common``).
"""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.plumbing.redact import Redactor

T = TypeVar("T")


class WholeText(str):
    """A text that goes out as it is: whoever asks is meant to have the secret in it, or it was masked already."""

    __slots__ = ()


def masked(value: T, redactor: Redactor) -> T:
    """The same without secrets, but for those that are ``WholeText``. Shapes and numbers stay, so that types hold.

    Everything is looked through at once, as most has no secret and that takes a third of the time.
    """
    told: dict[str, str] = {}
    has_whole = _gathered(value, told)
    together = "\n".join(told)
    if redactor.text(together) == together:
        return _rebuilt(value, told) if has_whole else value
    return _rebuilt(value, {text: redactor.text(text) for text in told})  # type: ignore[no-any-return]


def _gathered(value: Any, into: dict[str, str]) -> bool:
    """Whether any is ``WholeText``; all others are put ``into`` the mapping."""
    if isinstance(value, str):
        if isinstance(value, WholeText):
            return True
        into[value] = value
        return False
    has_whole = False
    for part in _parts(value):
        has_whole = _gathered(part, into) or has_whole
    return has_whole


def _parts(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return value
    if isinstance(value, dict):
        return (*value, *value.values())
    return [getattr(value, name) for name in _fields(value)]


def _fields(value: Any) -> tuple[str, ...]:
    if isinstance(value, Struct):
        return value.__struct_fields__
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return tuple(field.name for field in dataclasses.fields(value))
    return ()


def _rebuilt(value: Any, known: dict[str, str]) -> Any:
    if isinstance(value, str):
        return str(value) if isinstance(value, WholeText) else known[value]
    if isinstance(value, list | tuple):
        return type(value)(_rebuilt(part, known) for part in value)
    if isinstance(value, dict):
        return {_rebuilt(key, known): _rebuilt(part, known) for key, part in value.items()}
    fields = {name: _rebuilt(getattr(value, name), known) for name in _fields(value)}
    if not fields:
        return value
    return replace(value, **fields) if isinstance(value, Struct) else dataclasses.replace(value, **fields)
