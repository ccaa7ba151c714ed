"""All checks at once, each with an end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from msgspec.structs import replace

from scrobbled.core.checkup import Check
from scrobbled.doctor.accounts import accounts
from scrobbled.doctor.bounded import bounded
from scrobbled.doctor.broker import broker
from scrobbled.doctor.configuring import configured
from scrobbled.doctor.database import database
from scrobbled.doctor.disguise import disguise_of
from scrobbled.doctor.disk import storage
from scrobbled.doctor.environment import environment
from scrobbled.doctor.libraries import libraries
from scrobbled.doctor.notices import notices
from scrobbled.doctor.patient import Patient
from scrobbled.doctor.report import Report, Section, reported
from scrobbled.doctor.servers import servers
from scrobbled.doctor.services import network, plex, tmdb
from scrobbled.doctor.serving import service
from scrobbled.doctor.sources import sources
from scrobbled.redact import Redactor

WITHIN = 30.0
"""Seconds for everything."""
SECTION_WITHIN = 27.0
GROUPS: tuple[tuple[str, tuple[Callable[[Patient], Awaitable[Sequence[Check]]], ...]], ...] = (
    ("Configuration", (configured,)),
    ("Environment", (environment,)),
    ("Storage", (storage, database, notices)),
    ("Service", (service,)),
    ("Sources", (sources, servers, libraries, plex)),
    ("Network", (network, tmdb, broker)),
    ("Accounts", (accounts,)),
)


async def examine(patient: Patient) -> Report:
    """Look at everything. It changes nothing, raises nothing that a check met, and ends within ``WITHIN`` seconds."""
    made_at = patient.clock.now()
    disguising = asyncio.create_task(disguise_of(patient))
    sections = await asyncio.gather(*(_section(patient, title, parts) for title, parts in GROUPS))
    return reported(sections, made_at, await disguising)


async def _section(
    patient: Patient, title: str, parts: Sequence[Callable[[Patient], Awaitable[Sequence[Check]]]]
) -> Section:
    found = await asyncio.gather(*(bounded(part.__name__, part(patient), SECTION_WITHIN) for part in parts))
    return Section(title, [_masked(check, patient.redactor) for checks in found for check in checks])


def _masked(check: Check, redactor: Redactor) -> Check:
    """A service may quote what it was sent."""
    figures = {name: redactor.text(value) if isinstance(value, str) else value for name, value in check.figures.items()}
    text, step = redactor.text(check.text), redactor.text(check.next_step)
    return replace(check, name=redactor.text(check.name), text=text, next_step=step, figures=figures)
