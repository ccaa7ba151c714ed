"""Large libraries, with what was watched of them, and as much of it as is wanted on Trakt already."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import chain, islice, zip_longest

from scrobbled.sandbox import world as worlds
from scrobbled.sandbox.base import utc_now
from scrobbled.sandbox.plex.core import PlexCore
from scrobbled.sandbox.plex.items import LibraryItem
from scrobbled.sandbox.plex.people import ANNA, PlexAccount
from scrobbled.sandbox.server import STAND_INS, Sandbox
from scrobbled.sandbox.trakt.accounts import ListEntry, TraktPlay, TraktUser, minute
from scrobbled.sandbox.trakt.catalogue import TraktTitle, TraktWorld

BETWEEN = timedelta(minutes=97, seconds=13)


def large(
    *,
    movies: int,
    episodes: int,
    watched: int = 0,
    rated: int = 0,
    on_trakt: int = 0,
    seed: int = 1,
    now: Callable[[], datetime] = utc_now,
    only: tuple[str, ...] = tuple(STAND_INS),
) -> Sandbox:
    """A library of that size, of which anna has watched and rated so many things, films and episodes in turn.

    Each was watched once, with a row in the history, the newest a day ago; of these ``on_trakt`` plays and as many
    of the ratings are on Trakt to the minute, the oldest first.
    """
    sandbox = Sandbox(worlds.sized(seed, movies=movies, episodes=episodes), now=now, only=only)
    server: PlexCore = sandbox["plex"]
    fill(server, ANNA, watched=watched, rated=rated, until=now() - timedelta(days=1))
    if on_trakt:
        bring_to_trakt(server, ANNA, sandbox["trakt"].account_of("anna"), sandbox["trakt"].catalogue, on_trakt, now())
    return sandbox


def fill(server: PlexCore, account: PlexAccount, *, watched: int, rated: int = 0, until: datetime) -> None:
    """The first ``watched`` things were watched, ``BETWEEN`` each and the next, the last one at ``until``."""
    views = server.views
    for n, item in enumerate(islice(watchable(server), watched)):
        at = until - BETWEEN * (watched - 1 - n)
        views.put(account, item, views.of(account, item).after("scrobble", at))
        views.finished(item, account, at)
    for n, item in enumerate(islice(watchable(server), rated)):
        at = until - BETWEEN * (rated - 1 - n)
        views.put(account, item, views.of(account, item).after("rate", at, rating=float(1 + n % 10)))


def watchable(server: PlexCore) -> Iterator[LibraryItem]:
    """A film, an episode, a film …"""
    kinds = [[item for item in server.library.items.values() if item.type == kind] for kind in ("movie", "episode")]
    return (item for item in chain.from_iterable(zip_longest(*kinds)) if item is not None)


def bring_to_trakt(
    server: PlexCore, account: PlexAccount, user: TraktUser, catalogue: TraktWorld, count: int, now: datetime
) -> None:
    """The ``count`` oldest rows of the history as plays, and as many ratings, as if somebody had entered them."""
    rows = list(islice((row for row in server.views.history if row.account == account), count))
    plays = [TraktPlay(next(user.numbers), trakt_title(catalogue, row.item), minute(row.at), "watch") for row in rows]
    user.history.fill(plays, now)
    rated = ((item, server.viewed(account, item)) for item in watchable(server))
    for item, viewed in islice(((item, viewed) for item, viewed in rated if viewed.rating), count):
        at = datetime.fromtimestamp(viewed.rated_at or 0, now.tzinfo)
        title = trakt_title(catalogue, item)
        user.ratings.put(ListEntry(next(user.numbers), title, at, rating=int((viewed.rating or 0) + 0.5)), now)
    user.limits.update({name: max(limit, 4 * count) for name, limit in user.limits.items()})
    user.touch_all((play.title for play in plays), "watched_at", now)
    user.touch_all((entry.title for entry in user.ratings), "rated_at", now)


def trakt_title(catalogue: TraktWorld, item: LibraryItem) -> TraktTitle:
    """The same thing as Trakt lists it. Raises ``LookupError`` for what it does not know."""
    named = item.episode or item.season or item.show or item.movie
    kind = "movie" if item.type == "clip" else item.type
    found = catalogue.by_id(kind, "tmdb", named.tmdb) if named else None
    if found is None:
        raise LookupError(f"Trakt does not know {item.title}")
    return found
