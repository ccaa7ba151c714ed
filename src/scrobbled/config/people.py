"""Who is meant by the account a source names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scrobbled.config.model import Config, fold
from scrobbled.config.viewing import ViewerConfig
from scrobbled.core.services import SERVICES

ONE_OWNER = frozenset(name for name, one in SERVICES.items() if one.whose in ("sole", "viewer"))
"""Sources that need not name an account: without one, what they report belongs to the only viewer who lists them."""
BY_VIEWER = frozenset(name for name, one in SERVICES.items() if one.whose == "viewer")
"""Sources whose account, where there is one, is the viewer: whom the token was made for."""

NAMELESS = frozenset(name for name, one in SERVICES.items() if one.whose == "nobody")
"""Sources that tell what is there and never who watched, so that nobody has to list them."""


ELSEWHERE = "account_url"


def section(config: Config, viewer: ViewerConfig, tracker: str) -> Mapping[str, Any]:
    """What the configuration says of a viewer's account at a tracker they have. Where people of that service sign in,
    if that is elsewhere, need not be repeated of what the source of the same name says.
    """
    source = config.sources.get(tracker)
    extra = {ELSEWHERE: source.account_url} if source and source.account_url else {}
    return {**extra, **viewer.trackers[tracker]}


def listing(config: Config, source: str) -> tuple[ViewerConfig, ...]:
    """The viewers who list ``source`` among their accounts."""
    return tuple(viewer for viewer in config.viewers if viewer.accounts.get(source))


def claimants(config: Config, source: str, names: frozenset[str]) -> tuple[ViewerConfig, ...]:
    """The viewers an event belongs to: several who watch together, none where nobody claims the account.

    ``names`` is what :meth:`scrobbled.core.watching.events.Account.names` gives: trimmed, without case, empty where the
    source did not say. For a token that was made for a viewer it holds that viewer's name. The order is the file's.
    """
    wanted = frozenset(map(fold, names))
    if source in BY_VIEWER and wanted:
        return tuple(viewer for viewer in config.viewers if fold(viewer.name) in wanted)
    listed = listing(config, source)
    if source in ONE_OWNER and not wanted and len(listed) == 1:
        return listed
    return tuple(viewer for viewer in listed if not wanted.isdisjoint(map(fold, viewer.accounts[source])))
