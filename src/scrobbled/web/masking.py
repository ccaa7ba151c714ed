"""Taking secrets out of what is told to whoever is let in."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from scrobbled.redact import Redactor

T = TypeVar("T")


def masked(value: T, redactor: Redactor) -> T:
    """The same without secrets in any text. Shapes and numbers stay, so that types hold."""
    return _masked(value, redactor)  # type: ignore[no-any-return]


def _masked(value: Any, redactor: Redactor) -> Any:
    if isinstance(value, str):
        return redactor.text(value)
    if isinstance(value, list | tuple):
        return type(value)(_masked(part, redactor) for part in value)
    if isinstance(value, dict):
        return {_masked(key, redactor): _masked(part, redactor) for key, part in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{f.name: _masked(getattr(value, f.name), redactor) for f in fields(value)})
    return value
