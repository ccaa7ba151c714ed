"""The way out: whatever API and pages answer passes here, so that nobody can forget to take secrets out of it.

What is meant to be told whole says so itself, see ``desk.masking.WholeText``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from litestar import Response

from scrobbled.desk.masking import WholeText, masked
from scrobbled.plumbing.redact import Redactor

MOST_KNOWN = 8_192
LONGEST_KNOWN = 256
"""Characters: what stands on page after page is short."""


def answers(redactor: Redactor) -> Callable[[Response[Any]], Awaitable[Response[Any]]]:
    """For ``after_request``: values before they become JSON, and plain text. Pages, files and pictures are bytes."""

    async def without_secrets(response: Response[Any]) -> Response[Any]:
        if isinstance(response, Response) and not isinstance(response.content, bytes | None):
            response.content = await asyncio.to_thread(masked, response.content, redactor)
        return response

    return without_secrets


def finalize(redactor: Redactor) -> Callable[[Any], Any]:
    """For templates: each value before it is escaped and put on the page. What a macro made has passed already."""
    from markupsafe import Markup  # with the templates, which are not loaded before somebody looks at a page

    known: dict[str, str] = {}
    secrets = redactor.known

    def without_secrets(value: Any) -> Any:
        nonlocal secrets
        if isinstance(value, Markup | WholeText | int | float) or value is None:
            return value
        text = str(value)
        if secrets != redactor.known or len(known) > MOST_KNOWN:
            known.clear()
            secrets = redactor.known
        found = known.get(text)
        if found is None:
            found = redactor.text(text)
            if len(text) <= LONGEST_KNOWN:
                known[text] = found
        return found

    return without_secrets
