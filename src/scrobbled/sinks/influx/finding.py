"""Which server answers there, where nobody said so."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from scrobbled.core.errors import ContractDrift
from scrobbled.plumbing.http import Answer, Http
from scrobbled.sinks.influx.access import AUTO, BEARER, ONE, THREE, TWO, VICTORIA, InfluxAccess
from scrobbled.sinks.influx.answers import refused, strange
from scrobbled.sinks.influx.dialect import ChartsDialect
from scrobbled.sinks.influx.one import InfluxOne
from scrobbled.sinks.influx.three import InfluxThree
from scrobbled.sinks.influx.two import InfluxTwo
from scrobbled.sinks.influx.victoria import Victoria

DIALECTS: dict[str, type[ChartsDialect]] = {one.kind: one for one in (InfluxTwo, InfluxThree, InfluxOne, Victoria)}
_WITHIN = 10.0


class ChartsServer(Struct, frozen=True):
    """``kind`` is one of ``DIALECTS``; ``version`` is empty where it is not told."""

    kind: str
    version: str


async def found(http: Http, access: InfluxAccess) -> ChartsServer:
    """What stands there, or what was said to; raises ``TryLater``, ``LoginNeeded`` and ``ContractDrift``."""
    pinged = await _get(http, access, "/ping")
    refused(pinged)
    if pinged.is_html or not (pinged.ok or pinged.status == 404):
        raise strange(pinged)
    version = (pinged.headers.get("x-influxdb-version") or _version(pinged)).strip()
    if access.server != AUTO:
        return ChartsServer(access.server, version)
    if (kind := _kind(version, pinged.headers.get("x-influxdb-build", ""))) not in ("", ONE):
        return ChartsServer(kind, version)
    health = await _get(http, access, "/health")
    if await _is_victoria(http, access, health):  # which calls itself an InfluxDB 1.8, or nothing
        return ChartsServer(VICTORIA, "")
    version = version or _version(health)
    if kind := kind or _kind(version, "") or (TWO if _named(health).get("name") == "influxdb" else ""):
        return ChartsServer(kind, version)
    raise ContractDrift(
        f"{pinged.what} does not say which server it is; is sinks.influx.url right? If it is, write sinks.influx.server"
    )


def _kind(version: str, build: str) -> str:
    """Empty where the version tells nothing."""
    if "cloud" in f"{version}{build}".lower():
        return TWO
    return {"1": ONE, "2": TWO, "3": THREE}.get(version.lower().lstrip("v")[:1], "")


async def _is_victoria(http: Http, access: InfluxAccess, health: Answer) -> bool:
    if not health.ok or health.body.strip() != b"OK":
        return False
    metrics = await _get(http, access, "/metrics")
    return metrics.ok and b"\nvm_" in b"\n" + metrics.body


def _named(answer: Answer) -> dict[str, Any]:
    """The JSON object that was answered, empty where it is none."""
    if not answer.ok or answer.is_html:
        return {}
    try:
        content = answer.json()
    except ContractDrift:
        return {}
    return content if isinstance(content, dict) else {}


def _version(answer: Answer) -> str:
    told = _named(answer).get("version")
    return told if isinstance(told, str) else ""


async def _get(http: Http, access: InfluxAccess, path: str) -> Answer:
    """Under either word for a token: InfluxDB 3 wants one even for this."""
    answer = await http.send("GET", path, headers=access.headers(), timeout=_WITHIN, lenient=True)
    if answer.status in (401, 403) and access.token:
        answer = await http.send("GET", path, headers=access.headers(BEARER), timeout=_WITHIN, lenient=True)
    return answer
