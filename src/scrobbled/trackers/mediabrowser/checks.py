"""Is a library of Jellyfin or Emby in order: the server and its clock, the sign-in, the libraries, what it lists."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from scrobbled.core.errors import LoginNeeded, TrackerError
from scrobbled.core.words.checks import Check, ok, problem, warning
from scrobbled.core.words.meant import meant
from scrobbled.core.words.shape import Maybe
from scrobbled.plumbing.checks import LONGEST, compared, failed
from scrobbled.plumbing.clock import Clock
from scrobbled.plumbing.fields import lowered, text
from scrobbled.trackers.mediabrowser.auth import MediaBrowserAuth
from scrobbled.trackers.mediabrowser.libraries import chosen, libraries, missing
from scrobbled.trackers.mediabrowser.reading import QUERY
from scrobbled.trackers.mediabrowser.seat import MediaBrowserSeat

_DATA = {"Played": bool, "PlayCount": Maybe(int), "LastPlayedDate": Maybe(str)}
_ROW = {"Id": str, "Type": str, "ProviderIds": Maybe(dict), "UserData": _DATA}
_ROWS = {"Items": [_ROW], "TotalRecordCount": int}
OFF_BY = 120.0
"""Seconds by which two clocks may differ, with the way of an answer in it."""


class MediaBrowserChecks:
    """Reads only, with the sign-in as it is."""

    def __init__(self, auth: MediaBrowserAuth, clock: Clock) -> None:
        self._auth, self._clock = auth, clock

    async def examine(self) -> Sequence[Check]:
        name = self._auth.way.dialect.name
        try:
            async with asyncio.timeout(LONGEST):
                seat = await self._auth.seat(look=True)
        except TimeoutError:
            return [problem("server", f"No answer within {LONGEST:.0f} s.", f"Is {name} switched on?")]
        except LoginNeeded as error:
            return [failed("sign-in", error)]
        except TrackerError as error:
            return [failed("server", error)]
        told = ok("sign-in", f"Read as {seat.person.name or 'somebody without a name'}.")
        server, listed, held = await asyncio.gather(self._server(seat), self._libraries(seat), _listed(seat))
        return [told, *server, listed, held]

    async def _server(self, seat: MediaBrowserSeat) -> list[Check]:
        """Its version, and its clock: what was watched is dated by that."""
        try:
            answer = await seat.client.http.send("GET", "/System/Info/Public", timeout=LONGEST)
            version = text(lowered(answer.json()).get("version"))
        except TrackerError as error:
            return [failed("server", error)]
        told = ok("server", f"Answers as expected; {seat.client.dialect.name} {version}.".replace(" .", "."))
        if answer.date is None:
            return [told]
        ahead = (answer.date - self._clock.now()).total_seconds()
        if abs(ahead) <= OFF_BY:
            return [told, ok("clock", "The server's clock agrees with ours.", seconds_ahead=round(ahead))]
        side = "ahead of" if ahead > 0 else "behind"
        said = f"The server's clock is {abs(ahead) / 60:,.0f} minutes {side} ours, so what is watched has a wrong time."
        return [told, warning("clock", said, "Set the clocks of both by NTP.", seconds_ahead=round(ahead))]

    async def _libraries(self, seat: MediaBrowserSeat) -> Check:
        """Whether what the configuration names is there."""
        written = self._auth.way.settings.libraries
        try:
            there = await libraries(seat)
            picked = chosen(there, seat.name, written)
        except TrackerError as error:
            return failed("libraries", error)
        if there is None:
            return ok("libraries", "This token may not list them, so everything that the user may see is read.")
        absent = missing(there, seat.name, written)
        if absent and not picked:
            said = "; ".join(f"{title} is not there, {meant(title, (one.title for one in there))}" for title in absent)
            step = f"{said}. Correct {self._auth.way.place('libraries')}"
            return problem("libraries", "None that is chosen is on this server.", step, libraries=len(there))
        if not picked:
            return problem("libraries", "There is none with films or shows.", "May this user see one?")
        return ok("libraries", f"{len(picked)} of {len(there)} with films or shows are read.", chosen=len(picked))


async def _listed(seat: MediaBrowserSeat) -> Check:
    """One row of what is watched, in the shape that we rely on."""

    async def read() -> Any:
        told, _ = await seat.client.listing(
            {**QUERY, "IncludeItemTypes": "Movie,Episode", "Limit": 1}, seat.person.written
        )
        return told

    check, _ = await compared("what is watched", read(), _ROWS)
    return check
