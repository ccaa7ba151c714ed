"""All checks at once, each with an end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from scrobbled.core.words.checks import Check
from scrobbled.desk.doctor.accounts import accounts
from scrobbled.desk.doctor.bounded import bounded
from scrobbled.desk.doctor.broker import broker
from scrobbled.desk.doctor.charts import charts
from scrobbled.desk.doctor.configuring import configured
from scrobbled.desk.doctor.database import database
from scrobbled.desk.doctor.disguise import disguise_of
from scrobbled.desk.doctor.disk import storage
from scrobbled.desk.doctor.environment import environment
from scrobbled.desk.doctor.libraries import libraries
from scrobbled.desk.doctor.notices import notices
from scrobbled.desk.doctor.patient import Patient
from scrobbled.desk.doctor.report import DoctorReport, ReportSection, reported
from scrobbled.desk.doctor.servers import servers
from scrobbled.desk.doctor.services import media_servers, network, tmdb
from scrobbled.desk.doctor.serving import service
from scrobbled.desk.doctor.sources import sources
from scrobbled.desk.masking import masked

WITHIN = 30.0
"""Seconds for everything."""
SECTION_WITHIN = 27.0
GROUPS: tuple[tuple[str, tuple[Callable[[Patient], Awaitable[Sequence[Check]]], ...]], ...] = (
    ("Configuration", (configured,)),
    ("Environment", (environment,)),
    ("Storage", (storage, database, notices)),
    ("Service", (service,)),
    ("Sources", (sources, servers, libraries, media_servers)),
    ("Network", (network, tmdb, broker, charts)),
    ("Accounts", (accounts,)),
)


async def examine(patient: Patient) -> DoctorReport:
    """Look at everything. It changes nothing, raises nothing that a check met, and ends within ``WITHIN`` seconds."""
    made_at = patient.clock.now()
    disguising = asyncio.create_task(disguise_of(patient))
    sections = await asyncio.gather(*(_section(patient, title, parts) for title, parts in GROUPS))
    return reported(sections, made_at, await disguising)


async def _section(
    patient: Patient, title: str, parts: Sequence[Callable[[Patient], Awaitable[Sequence[Check]]]]
) -> ReportSection:
    found = await asyncio.gather(*(bounded(part.__name__, part(patient), SECTION_WITHIN) for part in parts))
    checks = [check for checks in found for check in checks]
    return ReportSection(title, masked(checks, patient.redactor))  # a service may quote what it was sent
