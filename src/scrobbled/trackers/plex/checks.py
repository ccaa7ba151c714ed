"""Is a person's Plex library in order: the sign-in, each server, the libraries chosen there, the history, the clock."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from scrobbled.core.errors import LoginNeeded, TrackerError
from scrobbled.core.words.checks import Check, CheckValue, ok, problem, warning
from scrobbled.core.words.meant import meant
from scrobbled.core.words.shape import Maybe
from scrobbled.plumbing.checks import LONGEST, NEWER, compared, failed
from scrobbled.plumbing.clock import Clock
from scrobbled.plumbing.fields import text
from scrobbled.plumbing.http import Answer, Http
from scrobbled.trackers.plex.auth import PlexAuth
from scrobbled.trackers.plex.libraries import PlexLibrary, chosen, libraries, missing
from scrobbled.trackers.plex.servers import LibraryServer, LibraryServers, PlexServers, ServerOff
from scrobbled.trackers.plex.settings import PlexSettings

HISTORY = "/status/sessions/history/all"
_ROW = {"historyKey": str, "viewedAt": int, "accountID": Maybe((int, str)), "ratingKey": Maybe(str)}
_ROWS = {"Metadata": Maybe([_ROW])}
SYNCED = "marks carried by Plex"
OFF_BY = 120.0
"""Seconds by which two clocks may differ, with the way of an answer in it."""


class PlexChecks:
    """Reads only. Servers are numbered, as their names tell whose they are."""

    def __init__(self, http: Http, servers: PlexServers, settings: PlexSettings, auth: PlexAuth, clock: Clock) -> None:
        self._http, self._servers, self._settings, self._auth, self._clock = http, servers, settings, auth, clock

    async def examine(self) -> Sequence[Check]:
        try:
            async with asyncio.timeout(LONGEST):
                found = await self._servers.found(look=True)
        except TimeoutError:
            return [problem("servers", f"None of them answers within {LONGEST:.0f} s.", "Are they switched on?")]
        except LoginNeeded as error:
            return [failed("sign-in", error)]
        except TrackerError as error:
            return [failed("servers", error)]
        looks = await asyncio.gather(*map(self._server, found.there))
        several = len(found.there) > 1
        checks = [
            replace(check, name=f"{check.name} {at}") if several else check
            for at, (looked, _) in enumerate(looks, start=1)
            for check in looked
        ]
        checks += [] if found.off else self._nowhere(found.there, [listed for _, listed in looks])
        return [_signed_in(found), *map(_off, found.off, range(len(found.off))), *checks, *await self._synced()]

    async def _server(self, server: LibraryServer) -> tuple[list[Check], list[PlexLibrary]]:
        """With its libraries, where it tells them."""
        identity, (listed, there), history = await asyncio.gather(
            self._identity(server), self._libraries(server), _history(server)
        )
        return [*identity, listed, history], there

    def _nowhere(self, servers: Sequence[LibraryServer], listed: Sequence[Sequence[PlexLibrary]]) -> list[Check]:
        """What is chosen and on none of the servers, while the rest is read: nobody else would notice."""
        absent, picked = list(self._settings.libraries), False
        for server, there in zip(servers, listed, strict=True):
            if not there:
                return []  # it did not tell, or has none at all, and says so itself
            picked = picked or bool(chosen(there, server.name, self._settings.libraries))
            absent = missing(there, server.name, absent)
        if not absent or not picked:
            return []
        known = [library.title for there in listed for library in there]
        told = f"On no server: {len(absent)} of the {len(self._settings.libraries)} libraries that are chosen."
        return [warning("chosen libraries", told, self._meant(absent, known), absent=len(absent))]

    def _meant(self, absent: Sequence[str], known: Sequence[str]) -> str:
        said = "; ".join(f"{title} is not there, {meant(title, known)}" for title in absent)
        end = "" if said.endswith("?") else "."
        return f"{said}{end} Correct {self._auth.place('libraries')}"  # titles are for whom they belong to

    async def _identity(self, server: LibraryServer) -> list[Check]:
        """Its version, and its clock: what was watched is dated by that."""
        try:
            answer = await self._http.at(server.url).send("GET", "/identity", timeout=LONGEST)
            version = text(answer.json()["MediaContainer"]["version"])
        except TrackerError as error:
            return [failed("server", error)]
        except (LookupError, TypeError):
            return [problem("server", f"{answer.what} answered without version.", NEWER)]
        told = ok("server", f"Answers as expected; Plex Media Server {version}.", version=version)
        return [told, *self._clock_of(answer)]

    def _clock_of(self, answer: Answer) -> list[Check]:
        if answer.date is None:
            return []
        ahead = (answer.date - self._clock.now()).total_seconds()
        if abs(ahead) <= OFF_BY:
            return [ok("clock", "The server's clock agrees with ours.", seconds_ahead=round(ahead))]
        said = (
            f"The server's clock is {_long(abs(ahead))} {'ahead of' if ahead > 0 else 'behind'} ours, so "
            "what is watched there has a wrong time; a time that is still to come counts as none."
        )
        return [warning("clock", said, "Set the clocks of both by NTP.", seconds_ahead=round(ahead))]

    async def _libraries(self, server: LibraryServer) -> tuple[Check, list[PlexLibrary]]:
        """Whether what the configuration names is there."""
        try:
            there = await libraries(server.client)
        except TrackerError as error:
            return failed("libraries", error), []
        return self._chosen(server, there), there

    def _chosen(self, server: LibraryServer, there: Sequence[PlexLibrary]) -> Check:
        picked = chosen(there, server.name, self._settings.libraries)
        figures: dict[str, CheckValue] = {"libraries": len(there), "chosen": len(picked)}
        absent = missing(there, server.name, self._settings.libraries)
        if absent and not picked:
            step = self._meant(absent, [one.title for one in there])
            return problem("libraries", "None that is chosen is on this server.", step, **figures)
        if not picked:
            return problem("libraries", "There is none with films or shows.", "Is one shared with this person?")
        return ok("libraries", f"{len(picked)} of {len(there)} with films or shows are read.", **figures)

    async def _synced(self) -> list[Check]:
        """Whether Plex itself carries marks and ratings between servers and its own sites, where it tells."""
        try:
            there = await self._auth.account()
            answer = await there.send("GET", "/api/v2/user/view_state_sync")
            told = answer.json() if answer.ok else {}
        except TrackerError:
            return []
        consent = told.get("consent") if isinstance(told, dict) else None
        if consent is None:
            return []
        if str(consent).lower() not in ("true", "1"):
            return [ok(SYNCED, "Off: what is marked on one server stays there.")]
        said = (
            "On: what this account marks or rates on another server, or on Plex's own site, appears here as watched "
            "at the moment when Plex brings it over."
        )
        return [warning(SYNCED, said, "Switch it off in the account's settings at Plex, unless dates do not matter.")]


def _long(seconds: float) -> str:
    """ "60 minutes", "9 hours", "366 days"."""
    for size, unit, most in ((60, "minutes", 7_200), (3_600, "hours", 172_800)):
        if seconds <= most:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 86_400:,.0f} days"


async def _history(server: LibraryServer) -> Check:
    """A token that may not read it is no fault: the last time of each item is what there is then."""
    refused = False

    async def read() -> Any:
        nonlocal refused
        try:
            return (await server.client.ask(HISTORY, start=0, sort="viewedAt:desc")).held
        except LoginNeeded:
            refused = True
            return {}

    check, _ = await compared("history", read(), _ROWS)
    if not refused:
        return check
    said = "This token may not read the play history, so of each item the last time counts, and no earlier one."
    return warning("history", said, "Sign in as this person instead of using a token: scrobbled auth plex")


def _signed_in(found: LibraryServers) -> Check:
    one = found.there[0]
    whose = one.person.called or "somebody whom Plex does not name"
    return ok("sign-in", f"Read as {whose}{', the owner' if one.owned else ''}.", servers=len(found.there))


def _off(server: ServerOff, at: int) -> Check:
    said = f"One does not answer: {server.why.reason}. What is watched there waits until it does."
    return warning(f"server off {at + 1}", said, "Is it switched on? Nothing of it counts as gone meanwhile.")
