"""Forms that people send."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from litestar import Request
from litestar.datastructures import FormMultiDict
from litestar.exceptions import ClientException

MOST_FIELDS = 5_000


async def form(request: Request[Any, Any, Any]) -> FormMultiDict:
    """The fields; a 400 for what no browser sends."""
    try:
        return await request.form()
    except UnicodeDecodeError:
        raise ClientException("This form is not text; go back and press the button again.") from None


async def fields(request: Request[Any, Any, Any]) -> dict[str, list[str]]:
    """The same with every value of a name, empty ones too: those say that something is to go."""
    try:
        pairs = parse_qsl(
            (await request.body()).decode("ascii"),
            keep_blank_values=True,
            max_num_fields=MOST_FIELDS,
            errors="strict",
        )
    except ValueError:
        raise ClientException("This form cannot be read; go back and press the button again.") from None
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found
