"""Where only some libraries count: whether it is known from which one something is, and whether they are there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator, Sequence

from scrobbled.canary import failed
from scrobbled.catalogues.mediabrowser import DIALECTS
from scrobbled.catalogues.mediabrowser_libraries import Libraries
from scrobbled.config import SourceConfig
from scrobbled.config.libraries import UNTOLD, chooses, known, server_of, wanted
from scrobbled.core.checkup import Check, ok, problem, warning
from scrobbled.core.errors import TrackerError
from scrobbled.doctor.patient import Patient

LONGEST = 6.0


async def libraries(patient: Patient) -> list[Check]:
    return list(await asyncio.gather(*_looks(patient)))


def _looks(patient: Patient) -> Iterator[Awaitable[Check]]:
    for source in patient.config.sources:
        if source in UNTOLD and chooses(patient.config, source):
            yield _look(patient, source)


async def _look(patient: Patient, source: str) -> Check:
    name, settings = f"{source} libraries", server_of(patient.config, source)
    if settings is not None:
        return await _compared(patient, source, name, settings)
    if known(patient.config, source) == "told":
        return ok(name, "Its webhooks name the library, as a rule.")
    return warning(
        name,
        "Only some libraries count, and its messages name none, so nothing of it counts.",
        f"Set url and server_token below sources.{source}, so that the server can be asked.",
    )


async def _compared(patient: Patient, source: str, name: str, settings: SourceConfig) -> Check:
    http = patient.http(settings.url or "")
    try:
        async with asyncio.timeout(LONGEST):
            there = await Libraries(DIALECTS[UNTOLD[source]], http, settings.server_token or "", _Nothing()).titles()
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
