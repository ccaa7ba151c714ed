"""Everything asked over the network: each service once, our clock by theirs, media servers and TMDB."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from msgspec.structs import replace

from scrobbled.catalogues import tmdb_checks
from scrobbled.config import SourceConfig
from scrobbled.core.words.checks import Check, skipped
from scrobbled.desk.doctor.network import clock_check, reach
from scrobbled.desk.doctor.patient import Patient
from scrobbled.runtime.wiring import TMDB
from scrobbled.servers.kind import Examine
from scrobbled.servers.kinds import SERVERS


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


async def media_servers(patient: Patient) -> list[Check]:
    """The media servers themselves, of those kinds that can be examined."""
    configured = [(name, kind.examine, patient.config.sources.get(name)) for name, kind in SERVERS.items()]
    return [
        check
        for name, examine, settings in configured
        if examine is not None and settings is not None
        for check in await _examined(patient, name, examine, settings)
    ]


async def _examined(patient: Patient, name: str, examine: Examine, settings: SourceConfig) -> list[Check]:
    """Where its address and a token are configured."""
    if not settings.url or not settings.server_token:
        text = f"Not asked: sources.{name}.url and server_token are not both set."
        return [skipped(name, text, "With them, shows are found by the ids that the server has for them.")]
    wanted = [*settings.libraries, *(title for viewer in patient.config.viewers for title in viewer.libraries)]
    http = patient.http(settings.url)
    try:
        found = await examine(http, settings, list(dict.fromkeys(wanted)))
    finally:
        await http.aclose()
    return [replace(check, name=f"{name} {check.name}") for check in found]


async def tmdb(patient: Patient) -> list[Check]:
    settings = patient.config.metadata.tmdb
    if not settings.key:
        return [skipped("tmdb", "Not asked: metadata.tmdb.key is not set, and need not be.")]
    http = patient.http(settings.url or TMDB)
    try:
        return [replace(check, name=f"tmdb {check.name}") for check in await tmdb_checks.examine(http, settings.key)]
    finally:
        await http.aclose()
