"""Whether a home stands as it must, once a pair has brought a library and Trakt into step."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from scrobbled.sandbox.homes.home import Home, HomeThing
from scrobbled.sandbox.plex.people import ANNA
from scrobbled.sandbox.plex.views import ViewState

EVERYWHERE = frozenset({"plex", "plex-cabin"})


def wrong(home: Home, servers: Collection[str] = EVERYWHERE) -> list[str]:
    """What of anna's is other than it must be, in words, where the pair has these servers; empty where all is well."""
    hers = (thing for thing in home.things if thing.person == "anna" and _is_read(thing, servers))
    return [told for thing in hers if (told := _on_trakt(home, thing) or _in_libraries(home, thing, servers))]


def minutes(home: Home, thing: HomeThing) -> list[datetime]:
    """When anna's Trakt has it watched."""
    return sorted(play.watched_at for play in home.trakt().history if play.title == thing.title)


def _is_read(thing: HomeThing, servers: Collection[str]) -> bool:
    """Whether all that is known of it is on one of these."""
    return not thing.copies or any(server in servers for server, _ in thing.copies)


def _on_trakt(home: Home, thing: HomeThing) -> str:
    held = minutes(home, thing)
    if thing.plays is not None and not _fits(held, thing.plays):
        return f"{thing.case}: on Trakt at {_listed(held)}, and not at {[_listed(sorted(may)) for may in thing.plays]}"
    rated = next((one.rating for one in home.trakt().ratings if one.title == thing.title), None)
    if thing.title is not None and rated not in {one.rating for one in home.things if one.title == thing.title}:
        return f"{thing.case}: rated {rated} on Trakt, and not {thing.rating}"
    return ""


def _in_libraries(home: Home, thing: HomeThing, servers: Collection[str]) -> str:
    states = _states(home, thing, servers)
    for state in states:
        if thing.watched is not None and bool(state.count) is not thing.watched:
            return f"{thing.case}: {state} in the library, and not watched: {thing.watched}"
    ratings = {one.rating for one in home.things if set(one.copies) & set(thing.copies)}
    for state in states:
        if _rounded(state.rating) not in ratings:
            return f"{thing.case}: {state.rating} in the library, and not {thing.stars}"
    return ""


def _rounded(stars: float | None) -> int | None:
    """As Trakt has it: what rounds to that is left as it is, and other copies get that."""
    return None if stars is None else int(stars + 0.5)


def _states(home: Home, thing: HomeThing, servers: Collection[str]) -> list[ViewState]:
    """Of each copy that is there."""
    cores = {core.name: core for core in (home.plex, home.cabin) if core.name in servers}
    copies = ((cores[server], cores[server].library.items.get(key)) for server, key in thing.copies if server in cores)
    return [core.views.of(ANNA, item) for core, item in copies if item is not None]


def _fits(held: Sequence[datetime], plays: Sequence[frozenset[datetime]]) -> bool:
    """Each play is at one of its minutes, and there is no other."""
    left = list(held)
    for may in plays:
        at = next((one for one in left if one in may), None)
        if at is None:
            return False
        left.remove(at)
    return not left


def _listed(times: Sequence[datetime]) -> str:
    return ", ".join(f"{at:%Y-%m-%d %H:%M}" for at in times) or "no time"
