"""How strictly the Serializd stand-in reads bodies and queries: whatever its server trips over is a bare 500."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NoReturn

from scrobbled.sandbox.base import AnsweredEarly, Reply, Request
from scrobbled.sandbox.serializd.store import stamp

MISSING = object()


def crash() -> NoReturn:
    """The server trips: a 500 that says nothing."""
    raise AnsweredEarly(Reply(500, "Internal Server Error"))


def refuse(status: int, message: str) -> NoReturn:
    raise AnsweredEarly(Reply(status, {"message": message}))


def body_of(request: Request) -> dict[str, Any]:
    """The body as an object with snake_case keys; one camelCase key is enough for the server to trip."""
    try:
        given = request.json()
    except ValueError:
        crash()
    if not isinstance(given, dict) or any(key != key.lower() for key in given):
        crash()
    return given


def number(given: Mapping[str, Any], key: str) -> int:
    """A required whole number."""
    value = given.get(key)
    if not isinstance(value, int) or isinstance(value, bool):
        crash()
    return value


def number_or_null(given: Mapping[str, Any], key: str, *, required: bool = False) -> int | None:
    """A whole number, also as a string of digits, or null; the key itself may be required."""
    value = given.get(key, MISSING)
    if value is MISSING and required:
        crash()
    if value is MISSING or value is None:
        return None
    if isinstance(value, str) and value.isdigit():
        return int(value)
    return number(given, key)


def numbers(given: Mapping[str, Any], key: str) -> list[int]:
    """A required list of whole numbers."""
    value = given.get(key)
    if not isinstance(value, list) or any(not isinstance(n, int) or isinstance(n, bool) for n in value):
        crash()
    return value


def text(given: Mapping[str, Any], key: str, default: str | None = None) -> str:
    """A string; without a ``default`` it is required."""
    value = given.get(key, default)
    if not isinstance(value, str):
        crash()
    return value


def flag(given: Mapping[str, Any], key: str, default: bool = False) -> bool:
    value = given.get(key, default)
    if not isinstance(value, bool):
        crash()
    return value


def instant(given: Mapping[str, Any], key: str, now: datetime) -> str:
    """An ISO 8601 instant, kept to the second; null or left out is now, a zone left out is UTC."""
    value = given.get(key)
    if value is None:
        return stamp(now)
    try:
        parsed = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        crash()
    return stamp(parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC))


def page_number(request: Request) -> int:
    """``page`` of the query, from 1."""
    value = request.query.get("page", "1")
    if not value.isdigit() or value == "0":
        crash()
    return int(value)
