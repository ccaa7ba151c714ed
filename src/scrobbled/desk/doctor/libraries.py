"""Where only some libraries count: whether it is known from which one something is, and whether they are there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence

from scrobbled.config.libraries import chooses, known, may_lack, server_of, wanted
from scrobbled.core.errors import TrackerError
from scrobbled.core.services import system
from scrobbled.core.words.checks import Check, ok, problem, warning
from scrobbled.desk.doctor.patient import Patient
from scrobbled.plumbing.cache import Cache
from scrobbled.plumbing.checks import failed
from scrobbled.plumbing.http import Http
from scrobbled.servers.doors import ServerAccess, door_of
from scrobbled.servers.kinds import SERVERS
from scrobbled.servers.mediabrowser.libraries import MediaBrowserLibraries

LONGEST = 6.0


async def libraries(patient: Patient) -> list[Check]:
    return list(await asyncio.gather(*_looks(patient)))


def _looks(patient: Patient) -> Iterator[Awaitable[Check]]:
    for source in patient.config.sources:
        if may_lack(source) and chooses(patient.config, source):
            yield _look(patient, source)


async def _look(patient: Patient, source: str) -> Check:
    name, door = f"{source} libraries", door_of(source, server_of(patient.config, source))
    if door is not None and (ask := SERVERS[system(source)].libraries) is not None:
        return await _compared(patient, door, name, ask)
    if known(patient.config, source) == "told":
        return ok(name, "Its webhooks name the library, as a rule.")
    return warning(
        name,
        "Only some libraries count, and its messages name none, so nothing of it counts.",
        f"Set url and server_token below sources.{source}, so that the server can be asked.",
    )


async def _compared(
    patient: Patient, door: ServerAccess, name: str, ask: Callable[[Http, ServerAccess, Cache], MediaBrowserLibraries]
) -> Check:
    source, http = door.source, patient.http(door.url)
    try:
        async with asyncio.timeout(LONGEST):
            there = await ask(http, door, _Nothing()).titles()
    except TimeoutError:
        return problem(name, f"No answer within {LONGEST:.0f} s.", "Run doctor again in a minute: it may wake up.")
    except TrackerError as error:
        return failed(name, error)
    finally:
        await http.aclose()
    return _judged(name, there, wanted(patient.config, source), patient.config.sources[source].libraries)


def _judged(name: str, there: Sequence[str], chosen: Sequence[str], own: Sequence[str]) -> Check:
    """What is chosen for a person may be the name of a library on another server; of those one has to be here."""
    folded = {title.strip().casefold() for title in there}
    missing = [title for title in chosen if title.strip().casefold() not in folded]
    lacking = [title for title in missing if title in own] or (missing if len(missing) == len(chosen) else [])
    if not lacking:
        return ok(name, "It is asked from which library something is.", libraries=len(chosen))
    text = f"{len(lacking)} of {len(chosen)} libraries in the configuration are not on this server: "
    step = f"It has {', '.join(there) or 'none'}. Write them under libraries as the server calls them."
    return warning(name, f"{text}{', '.join(lacking)}.", step, libraries=len(chosen), missing=len(lacking))


class _Nothing:
    """A cache for one who is to look now."""

    async def get(self, key: str) -> None:
        return None

    async def put(self, key: str, value: object, *, seconds: float) -> None:
        return None
