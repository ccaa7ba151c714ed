"""``/trakt``: for programs that speak to Trakt and can be told another address. Their base URL ends with ``/trakt``."""

from __future__ import annotations

from litestar import Router

from scrobbled.runtime.service import Runtime
from scrobbled.web.door.access import Access
from scrobbled.web.door.guesses import Guesses
from scrobbled.web.trakt import oauth, scrobble, sync
from scrobbled.web.trakt.bearer import NotLetIn, turning_away


def router(runtime: Runtime, access: Access) -> Router:
    """Without a login: each call brings a token of its own, or begins to get one."""
    return Router(
        "/trakt",
        route_handlers=[*oauth.handlers(runtime, access), *scrobble.handlers(runtime), *sync.handlers(runtime)],
        exception_handlers={NotLetIn: turning_away(Guesses(access, runtime.clock))},
        include_in_schema=False,
    )
