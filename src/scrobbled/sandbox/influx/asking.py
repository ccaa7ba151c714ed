"""The few forms of Flux and InfluxQL that are enough to read back and to remove; anything else is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from scrobbled.sandbox.influx.lines import EARLIEST, LATEST

_SECOND = 1_000_000_000
_INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z")
_EQUAL = re.compile(r'\s*("(?:[^"\\]|\\.)*"|\w+)\s*=\s*(\'(?:[^\'\\]|\\.)*\'|"(?:[^"\\]|\\.)*"|\w+)\s*')
_STAGE = re.compile(r"\s*(\w+)\((.*)\)\s*", re.S)
_FLUX_EQUAL = re.compile(r'\s*r(?:\.(\w+)|\["(\w+)"\])\s*==\s*"((?:[^"\\]|\\.)*)"\s*')
_FROM = r'\s+FROM\s+(?:"([^"]*)"\.)?("[^"]*"|\w+)(?:\s+WHERE\s+(.*?))?'
_SELECT = re.compile(rf"SELECT\s+(.+?){_FROM}(?:\s+ORDER\s+BY\s+time)?(?:\s+LIMIT\s+(\d+))?", re.I | re.S)
_DELETE = re.compile(rf"(?:DELETE|DROP\s+SERIES){_FROM}", re.I | re.S)
_TIME = re.compile(r"\s*time\s*(>=|<=|=|>|<)\s*('[^']*'|-?\d+(?:ns)?)\s*", re.I)


class BadQuestion(ValueError):
    """Why a question or a predicate is not understood."""


@dataclass
class SoughtPoints:
    """Points of a closed range, by tags and measurement."""

    measurement: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    start: int = EARLIEST
    stop: int = LATEST
    bucket: str = ""
    limit: int | None = None
    fields: tuple[str, ...] = ()
    count: bool = False


def instant(text: str) -> int:
    """Nanoseconds since 1970 of an RFC 3339 time in UTC. Raises ``BadQuestion``."""
    found = _INSTANT.fullmatch(text)
    if found is None:
        raise BadQuestion(f'parsing time "{text}" as RFC 3339: cannot parse it')
    try:
        whole = datetime.fromisoformat(f"{found[1]}T{found[2]}").replace(tzinfo=UTC)
    except ValueError:
        raise BadQuestion(f'parsing time "{text}": out of range') from None
    return int(whole.timestamp()) * _SECOND + int((found[3] or "0").ljust(9, "0"))


def written(nanoseconds: int) -> str:
    """As InfluxDB writes a moment."""
    seconds, rest = divmod(nanoseconds, _SECOND)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{rest:09d}".rstrip("0") + "Z" if rest else f"{text}Z"


def predicate(text: str) -> SoughtPoints:
    """What a delete may say: ``=`` on the measurement and on tags, joined by AND. Raises ``BadQuestion``."""
    sought, at = SoughtPoints(), 0
    while text.strip():
        found = _EQUAL.match(text, at)
        if found is None:
            raise BadQuestion(f"bad logical expression, at position {at}")
        name, value = _bare(found[1]), _bare(found[2])
        if name in ("_time", "_field", "_value"):
            raise BadQuestion(f"{name} is not supported in a delete predicate")
        if name == "_measurement":
            sought.measurement = value
        else:
            sought.tags[name] = value
        at = found.end()
        if at == len(text):
            break
        if text[at : at + 3].upper() != "AND":
            raise BadQuestion(f"the operator at position {at} is not supported; only = and AND are")
        at += 3
    return sought


def _bare(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if text[:1] in "\"'" else text


def flux(text: str) -> SoughtPoints:
    """``from |> range |> filter … |> limit |> count``. Raises ``BadQuestion``."""
    sought = SoughtPoints()
    stages = [_STAGE.fullmatch(one) for one in text.split("|>")]
    if stages[0] is None or stages[0][1] != "from":
        raise BadQuestion("error @1:1: a question begins with from(bucket: …)")
    for stage in stages:
        if stage is None or not _understood(sought, stage[1], stage[2]):
            raise BadQuestion(f"error @1:1: not understood: {text}")
    if not sought.bucket or sought.start == EARLIEST:
        raise BadQuestion("error @1:1: cannot submit unbounded read; a bucket and a range are needed")
    return sought


def _understood(sought: SoughtPoints, stage: str, inside: str) -> bool:
    if stage == "from" and (found := re.fullmatch(r'\s*bucket:\s*"((?:[^"\\]|\\.)*)"\s*', inside)):
        sought.bucket = re.sub(r"\\(.)", r"\1", found[1])
    elif stage == "range" and (found := re.fullmatch(r"\s*start:\s*(\S+?)(?:\s*,\s*stop:\s*(\S+?))?\s*", inside)):
        sought.start = instant(found[1])
        sought.stop = instant(found[2]) - 1 if found[2] else LATEST  # half-open, unlike a delete
    elif stage == "filter" and (found := re.fullmatch(r"\s*fn:\s*\(r\)\s*=>(.*)", inside, re.S)):
        return all(_filtered(sought, one) for one in re.split(r"\band\b", found[1]))
    elif stage == "limit" and (found := re.fullmatch(r"\s*n:\s*(\d+)\s*", inside)):
        sought.limit = int(found[1])
    elif stage == "count" and not inside.strip():
        sought.count = True
    else:
        return stage == "group" and not inside.strip()
    return True


def _filtered(sought: SoughtPoints, text: str) -> bool:
    found = _FLUX_EQUAL.fullmatch(text)
    if found is None:
        return False
    name, value = found[1] or found[2], re.sub(r"\\(.)", r"\1", found[3])
    if name == "_measurement":
        sought.measurement = value
    elif name == "_field":
        sought.fields = (value,)
    else:
        sought.tags[name] = value
    return True


def selected(text: str) -> SoughtPoints | None:
    """``SELECT *``, ``SELECT "a","b"`` or ``SELECT count("a")`` of one measurement; ``None`` for anything else."""
    found = _SELECT.fullmatch(text)
    if found is None:
        return None
    sought = _restricted(found[4], found[2], found[3])
    counted = re.fullmatch(r"count\((.+)\)", found[1].strip(), re.I)
    names = counted[1] if counted else found[1]
    sought.count = counted is not None
    sought.fields = () if names.strip() == "*" else tuple(_bare(one.strip()) for one in names.split(","))
    sought.limit = int(found[5]) if found[5] else None
    return sought


def deleted(text: str) -> SoughtPoints | None:
    """``DELETE FROM "m" WHERE …`` or ``DROP SERIES FROM "m" WHERE …``; ``None`` for anything else."""
    found = _DELETE.fullmatch(text)
    return None if found is None else _restricted(found[3], found[1], found[2])


def _restricted(where: str | None, policy: str | None, measurement: str) -> SoughtPoints:
    sought = SoughtPoints(measurement=_bare(measurement), bucket=policy or "")
    for part in re.split(r"\s+AND\s+", where.strip(), flags=re.I) if where else ():
        if (time := _TIME.fullmatch(part)) is not None:
            _narrowed(sought, time[1], time[2])
        elif (equal := _EQUAL.fullmatch(part)) is not None and equal[2][0] == "'":
            sought.tags[_bare(equal[1])] = _bare(equal[2])
        else:
            raise BadQuestion(f"error parsing query: found {part}, expected a time or a tag")
    return sought


def _narrowed(sought: SoughtPoints, sign: str, text: str) -> None:
    time = instant(text[1:-1]) if text[0] == "'" else int(text.removesuffix("ns"))
    if sign in (">=", "=", ">"):
        sought.start = time + (sign == ">")
    if sign in ("<=", "=", "<"):
        sought.stop = time - (sign == "<")


def matches(tags: Mapping[str, str], sought: SoughtPoints) -> bool:
    """Whether a point with these tags is among what is sought."""
    return sought.tags.items() <= tags.items()
