"""What was found, for people and for programs, and the block that goes into a bug report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from scrobbled import __version__
from scrobbled.core.words.checks import Check, CheckVerdict, worst
from scrobbled.desk.doctor.disguise import Disguise


class ReportSection(Struct, frozen=True):
    """What belongs together."""

    title: str
    checks: list[Check]


class DoctorReport(Struct, frozen=True):
    """``made_at`` is ISO 8601 in UTC. ``paste`` is text without anything that tells whose it is."""

    version: str
    made_at: str
    verdict: CheckVerdict
    counts: dict[str, int]
    sections: list[ReportSection]
    paste: str


def reported(sections: Sequence[ReportSection], made_at: datetime, disguise: Disguise) -> DoctorReport:
    checks = [check for section in sections for check in section.checks]
    found = Counter(check.state for check in checks)
    return DoctorReport(
        version=__version__,
        made_at=made_at.isoformat(timespec="seconds"),
        verdict=worst(checks),
        counts={str(state): found[state] for state in CheckVerdict},
        sections=list(sections),
        paste=_paste(sections, made_at, disguise),
    )


def _paste(sections: Sequence[ReportSection], made_at: datetime, disguise: Disguise) -> str:
    """Figures of everything, words only where something is not well."""
    lines = [f"scrobbled {__version__} doctor, {made_at:%Y-%m-%d %H:%M} UTC"]
    for section in sections:
        lines.append(f"{section.title}:")
        lines += [f"  {_line(check)}" for check in section.checks]
    return disguise.text("\n".join(lines))


def _line(check: Check) -> str:
    figures = " ".join(f"{name}={value}" for name, value in check.figures.items())
    told = "" if check.state is CheckVerdict.OK else check.text
    return " ".join(part for part in (f"[{check.state}]", check.name, figures, told) if part)
