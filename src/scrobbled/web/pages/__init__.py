"""The pages for people, and the forms on them. Everything works without JavaScript, but for what is live."""

from __future__ import annotations

from litestar import Router

from scrobbled.runtime import Runtime
from scrobbled.web.access import Access
from scrobbled.web.desk import Desk
from scrobbled.web.pages import activate, door, more, now, posters, queue, sources, story

LARGEST_FORM = 64 * 1024


def router(runtime: Runtime, desk: Desk, access: Access) -> Router:
    """Who may come here is decided before, by the gate; it also tells ``caller`` and ``root``."""
    handlers = [
        *now.handlers(runtime, desk),
        *queue.handlers(desk),
        *story.handlers(desk),
        *sources.handlers(desk),
        *posters.handlers(),
        *more.handlers(desk),
        *activate.handlers(desk, runtime.redactor),
        *door.handlers(access),
    ]
    return Router("/", route_handlers=handlers, request_max_body_size=LARGEST_FORM, include_in_schema=False)
