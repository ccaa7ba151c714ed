"""The pages for people, and the forms on them. Everything works without JavaScript, but for what is live."""

from __future__ import annotations

from litestar import Router

from scrobbled.runtime import Runtime
from scrobbled.web.access import Access
from scrobbled.web.desk import Desk
from scrobbled.web.pages import (
    activate,
    correct,
    door,
    help,
    history,
    log,
    more,
    needs,
    now,
    posters,
    queue,
    set_up,
    settings,
    settings_backup,
    settings_text,
    settings_tools,
    sign_in,
    sources,
    start,
    statistics,
    story,
    sync,
    sync_previews,
    sync_questions,
    sync_runs,
)
from scrobbled.web.signed_in import SignedIn

LARGEST_FORM = 64 * 1024


def router(runtime: Runtime, desk: Desk, access: Access, signed_in: SignedIn) -> Router:
    """Who may come here is decided before, by the gate; it also tells ``caller`` and ``root``."""
    handlers = [
        *now.handlers(runtime, desk),
        *queue.handlers(desk),
        *needs.handlers(desk),
        *correct.handlers(desk),
        *history.handlers(runtime, desk),
        *story.handlers(runtime, desk),
        *sources.handlers(desk),
        *posters.handlers(desk),
        *sync.handlers(desk),
        *sync_previews.handlers(desk),
        *sync_runs.handlers(desk),
        *sync_questions.handlers(desk),
        *more.handlers(desk),
        *settings.handlers(desk),
        *settings_text.handlers(desk),
        *settings_tools.handlers(desk),
        *settings_backup.handlers(desk),
        *statistics.handlers(runtime, desk),
        *log.handlers(desk),
        *sign_in.handlers(desk),
        *set_up.handlers(desk),
        *start.handlers(desk, access, signed_in),
        *help.handlers(desk),
        *activate.handlers(desk, runtime.redactor),
        *door.handlers(access, signed_in),
    ]
    return Router("/", route_handlers=handlers, request_max_body_size=LARGEST_FORM, include_in_schema=False)
