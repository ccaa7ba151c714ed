"""Everything asked over the network: each service once, our clock by theirs, Plex and TMDB."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from msgspec.structs import replace

from scrobbled.catalogues import plex_canary, tmdb_canary
from scrobbled.core.checkup import Check, skipped
from scrobbled.doctor.network import clock_check, reach
from scrobbled.doctor.patient import Patient
from scrobbled.wiring import TMDB


async def network(patient: Patient) -> list[Check]:
    """Each address once, whoever shares it; our clock by those of the services, and those at home by ours."""
    roots = _roots(patient)
    reached = await asyncio.gather(*(reach(patient, name, url) for url, name in roots.items()))
    offsets = {r.check.name: r.offset for r in reached if r.offset is not None}
    at_home = {name: offsets.pop(_server(name)) for name in patient.config.sources if _server(name) in offsets}
    theirs = [
        replace(clock_check(patient, {_server(name): offset}), name=f"clock of {name}")
        for name, offset in at_home.items()
    ]
    return [*(r.check for r in reached), clock_check(patient, offsets), *theirs]


def _server(source: str) -> str:
    return f"{source} server"


def _roots(patient: Patient) -> dict[str, str]:
    """What to call each address. Two of one kind are numbered."""
    roots: dict[str, str] = {}
    for name, url in _addresses(patient):
        if url.rstrip("/") in (known.rstrip("/") for known in roots):
            continue
        same = sum(1 for known in roots.values() if known.startswith(name))
        roots[url] = f"{name} ({same + 1})" if same else name
    return roots


def _addresses(patient: Patient) -> Iterable[tuple[str, str]]:
    for (_, name), tracker in patient.trackers.items():
        for what, url in tracker.roots().items():
            yield f"{name} {what}", url
    tmdb = patient.config.metadata.tmdb
    if tmdb.key:
        yield "tmdb API", tmdb.url or TMDB
    for name, source in patient.config.sources.items():
        if source.url and source.url.startswith("http"):
            yield _server(name), source.url


async def plex(patient: Patient) -> list[Check]:
    """The media server itself, where its address and a token are configured."""
    source = patient.config.sources.get("plex")
    if source is None:
        return []
    if not source.url or not source.server_token:
        text = "Not asked: sources.plex.url and server_token are not both set."
        return [skipped("plex", text, "With them, shows are found by the ids that the server has for them.")]
    wanted = [*source.libraries, *(title for viewer in patient.config.viewers for title in viewer.libraries)]
    http = patient.http(source.url)
    try:
        found = await plex_canary.examine(http, source.server_token, libraries=list(dict.fromkeys(wanted)))
    finally:
        await http.aclose()
    wanted_pass = source.mode != "live"
    return [
        replace(check, name=f"plex {check.name}") for check in found if wanted_pass or check.name != plex_canary.PASS
    ]


async def tmdb(patient: Patient) -> list[Check]:
    settings = patient.config.metadata.tmdb
    if not settings.key:
        return [skipped("tmdb", "Not asked: metadata.tmdb.key is not set, and need not be.")]
    http = patient.http(settings.url or TMDB)
    try:
        return [replace(check, name=f"tmdb {check.name}") for check in await tmdb_canary.examine(http, settings.key)]
    finally:
        await http.aclose()
