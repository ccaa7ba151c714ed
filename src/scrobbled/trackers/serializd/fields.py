"""Reading one field of an answer; pure. A missing field that a decision rests on raises ``ContractDrift``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from scrobbled.core.errors import ContractDrift


def mapping_of(data: Any, what: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise ContractDrift(f"{what}: {type(data).__name__} where an object was expected")
    return data


def list_of(data: Any, key: str, what: str) -> list[Any]:
    value = mapping_of(data, what).get(key)
    if not isinstance(value, list):
        raise ContractDrift(f"{what}: no {key} in the answer")
    return value


def int_of(data: Any, key: str, what: str) -> int:
    value = number_of(mapping_of(data, what), key)
    if value is None:
        raise ContractDrift(f"{what}: no {key} in the answer")
    return value


def number_of(data: Mapping[str, Any], key: str) -> int | None:
    """An integer, also written as text (ids are seen both ways) or as ``8.0``; ``True`` is none."""
    value = data.get(key)
    if (isinstance(value, str) and value.isdecimal()) or (isinstance(value, float) and value.is_integer()):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def text_of(data: Any, key: str) -> str:
    value = mapping_of(data, key).get(key)
    return value if isinstance(value, str) else ""


def day_of(value: Any) -> date | None:
    try:
        return date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError:
        return None
