"""The pages for people, and the forms on them. Everything works without JavaScript, but for what is live."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from litestar import Litestar, Router

from scrobbled.desk.desk import Desk
from scrobbled.runtime.service import Runtime
from scrobbled.web.door.access import Access
from scrobbled.web.door.signed_in import SignedIn
from scrobbled.web.log_live import LogLive
from scrobbled.web.pages import (
    beginning,
    corrections,
    door,
    help,
    libraries,
    log,
    more,
    needs,
    now,
    pausing,
    posters,
    statistics,
)
from scrobbled.web.pages.pairs import pairs, previews, questions, resting, runs
from scrobbled.web.pages.plays import held, history, queue, story
from scrobbled.web.pages.settings import backup, settings, text, tools
from scrobbled.web.pages.sign_in import activate, trackers
from scrobbled.web.pages.sources import connecting, sources

LARGEST_FORM = 64 * 1024


def router(
    runtime: Runtime,
    desk: Desk,
    access: Access,
    signed_in: SignedIn,
    logs: LogLive,
    api: Callable[[], Awaitable[Litestar]],
) -> Router:
    """Who may come here is decided before, by the gate; it also tells ``caller`` and ``root``.

    ``api`` gives the application for programs, which describes itself.
    """
    handlers = [
        *now.handlers(runtime, desk),
        *queue.handlers(desk),
        *pausing.handlers(desk),
        *needs.handlers(desk),
        *corrections.handlers(desk),
        *history.handlers(runtime, desk),
        *held.handlers(desk),
        *story.handlers(runtime, desk),
        *sources.handlers(desk),
        *posters.handlers(desk),
        *pairs.handlers(desk),
        *resting.handlers(desk),
        *previews.handlers(desk),
        *runs.handlers(desk),
        *questions.handlers(desk),
        *more.handlers(desk),
        *settings.handlers(desk),
        *text.handlers(desk),
        *tools.handlers(desk),
        *backup.handlers(desk),
        *statistics.handlers(runtime, desk),
        *log.handlers(desk, logs),
        *trackers.handlers(desk),
        *libraries.handlers(desk),
        *connecting.handlers(desk),
        *beginning.handlers(desk, access, signed_in),
        *help.handlers(desk, api),
        *activate.handlers(desk),
        *door.handlers(access, signed_in),
    ]
    return Router("/", route_handlers=handlers, request_max_body_size=LARGEST_FORM, include_in_schema=False)
