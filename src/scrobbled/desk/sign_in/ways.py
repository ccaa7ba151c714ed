"""How one signs in to each service: the trackers' own ways, and those of services that are not delivered to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.config import Config, SourceConfig
from scrobbled.desk.sign_in import anilist, plex
from scrobbled.trackers import TRACKERS, TrackerEntry
from scrobbled.trackers.given import SignIn, SignInField


class SignInWay(Struct, frozen=True):
    """``asks`` is what a person types; nothing where a code is entered, or a link opened, on the service's own page."""

    asks: tuple[SignInField, ...]
    sign_in: Callable[[SignIn], Awaitable[str]]
    """Returns the user name, empty where it is not told. Raises ``TrackerError``."""
    sign_out: Callable[[SignIn], Awaitable[None]] | None = None
    """Ends the stored sign-in at the service. Raises ``TrackerError``."""
    of_house: bool = False
    """Somebody signs in for the server of the house as well, whoever has it as a tracker."""


def _own_way(entry: TrackerEntry) -> SignInWay:
    return SignInWay(entry.asks(), entry.sign_in, entry.sign_out if entry.signs_out else None)


WAYS: Mapping[str, SignInWay] = {
    **{name: _own_way(entry) for name, entry in TRACKERS.items() if entry.signs_in},
    plex.SERVICE: replace(_own_way(TRACKERS[plex.SERVICE]), sign_in=plex.sign_in, of_house=True),
    "anilist": SignInWay(anilist.ASKS, anilist.sign_in),
}
"""By the name that stands in the configuration."""


def offered() -> list[str]:
    """The services to sign in to: trackers that this version delivers to, and those for the server of the house."""
    return [name for name, way in WAYS.items() if name in TRACKERS or way.of_house]


def of_house(config: Config, service: str) -> SourceConfig | None:
    """The server of the house, where it is configured and somebody can sign in for it."""
    way = WAYS.get(service)
    return config.sources.get(service) if way is not None and way.of_house else None
