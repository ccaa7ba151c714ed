"""Forms that people send."""

from __future__ import annotations

from typing import Any

from litestar import Request
from litestar.datastructures import FormMultiDict
from litestar.exceptions import ClientException


async def form(request: Request[Any, Any, Any]) -> FormMultiDict:
    """The fields; a 400 for what no browser sends."""
    try:
        return await request.form()
    except UnicodeDecodeError:
        raise ClientException("This form is not text; go back and press the button again.") from None
