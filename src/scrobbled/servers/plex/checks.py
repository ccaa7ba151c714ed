"""Is the Plex server there, does it take our token, and do its answers have the shape we rely on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from scrobbled.clients.plex import PlexClient
from scrobbled.core.words.checks import Check, ok, skipped, warning
from scrobbled.core.words.shape import Maybe
from scrobbled.plumbing.checks import compared
from scrobbled.plumbing.http import Http

_IDENTITY = {"machineIdentifier": str, "version": str}
_SERVER = {"machineIdentifier": str, "version": str, "myPlexSubscription": Maybe((bool, int, str))}
_SECTIONS = {"Directory": Maybe([{"key": (str, int), "title": str, "type": str}])}
PASS = "Plex Pass"
NO_PASS = (
    "Plex sends webhooks only where the owner of the server has Plex Pass; without it set sources.plex.mode to live."
)


async def examine(http: Http, token: str, *, libraries: Sequence[str]) -> list[Check]:
    """Reads only. ``libraries`` are the titles that the configuration lets through."""
    open_, signed_in = PlexClient(http, ""), PlexClient(http, token)
    (identity, _), (server, about), (sections, listed) = await asyncio.gather(
        compared("GET /identity", _read(open_, "/identity"), _IDENTITY),
        compared("GET /", _read(signed_in, "/"), _SERVER),
        compared("GET /library/sections", _read(signed_in, "/library/sections"), _SECTIONS),
    )
    checks = [identity, _versioned(server, about), sections, _webhooks(about)]
    return [*checks, *_libraries(listed, libraries)]


async def _read(client: PlexClient, path: str) -> Any:
    return (await client.ask(path)).held


def _versioned(check: Check, about: Any) -> Check:
    if about is None:
        return check
    version = about["version"]
    return ok(check.name, f"Answers as expected; Plex Media Server {version}.", version=version)


def _webhooks(about: Any) -> Check:
    """Whether its owner has Plex Pass, which webhooks need, where the server says so."""
    told = None if about is None else about.get("myPlexSubscription")
    if told is None:
        return skipped(PASS, "The server does not say whether its owner has Plex Pass, which webhooks need.", NO_PASS)
    if str(told).lower() in ("1", "true"):
        return ok(PASS, "Its owner has Plex Pass, so it can send webhooks.")
    return warning(PASS, "Its owner has no Plex Pass, so it sends no webhooks.", NO_PASS)


def _libraries(listed: Any, wanted: Sequence[str]) -> list[Check]:
    if not wanted or listed is None:
        return []
    there = {row["title"].strip().casefold() for row in listed.get("Directory") or ()}
    missing = [title for title in wanted if title.strip().casefold() not in there]
    if not missing:
        return [ok("libraries", "Every library of the configuration is there.", libraries=len(wanted))]
    text = (
        f"{len(missing)} of {len(wanted)} libraries in the configuration are not on this server: {', '.join(missing)}."
    )
    step = "Write under sources.plex.libraries (or libraries of a viewer) what Plex calls them; the rest is unwanted."
    return [warning("libraries", text, step, libraries=len(wanted), missing=len(missing))]
