"""How one signs in to each service: the trackers' own ways, and those of services that are not delivered to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from msgspec import Struct

from scrobbled.signing_in import anilist, plex
from scrobbled.trackers import TRACKERS
from scrobbled.trackers.given import Asked, SignIn


class Way(Struct, frozen=True):
    """``asks`` is what a person types; nothing where a code is entered, or a link opened, on the service's own page."""

    asks: tuple[Asked, ...]
    sign_in: Callable[[SignIn], Awaitable[str]]
    """Returns the user name, empty where it is not told. Raises ``TrackerError``."""


WAYS: Mapping[str, Way] = {
    **{name: Way(entry.asks(), entry.sign_in) for name, entry in TRACKERS.items() if entry.signs_in},
    "plex": Way((), plex.sign_in),
    "anilist": Way(anilist.ASKS, anilist.sign_in),
}
"""By the name that stands in the configuration."""
