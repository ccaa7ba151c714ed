"""Can a service be reached, and if not, where does it end: name, connection, TLS or HTTP. And what time is it there."""

from __future__ import annotations

import asyncio
import socket
import ssl
import urllib.request
from collections.abc import Iterable, Mapping
from email.utils import parsedate_to_datetime
from statistics import median
from urllib.parse import urlsplit

from msgspec import Struct

from scrobbled.core.errors import TryLater
from scrobbled.core.words.checks import Check, ok, problem, skipped, warning
from scrobbled.desk.doctor.patient import Patient
from scrobbled.plumbing.http import Answer

ANSWER_SECONDS = 6.0
STEP_SECONDS = 1.2
CLOCK_OFF, CLOCK_WRONG = 60.0, 600.0


class ClockOffset(Struct, frozen=True):
    """Seconds by which their clock is ahead of ours, give or take ``doubt``."""

    seconds: float
    doubt: float

    @property
    def least(self) -> float:
        """How far off our clock is at the very least."""
        return max(0.0, abs(self.seconds) - self.doubt)


class ReachedAddress(Struct, frozen=True):
    """How an address answered; ``answer`` is missing where it did not, or with a trouble that has no body."""

    check: Check
    answer: Answer | None = None
    offset: ClockOffset | None = None


async def reach(patient: Patient, name: str, url: str, path: str = "", *, local: bool = False) -> ReachedAddress:
    """One GET. Any answer counts, as long as it is one below 500. Ends within ten seconds."""
    http = patient.http(url, local=local)
    before = patient.clock.now()
    started = patient.clock.monotonic()
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            answer = await http.send("GET", path, timeout=ANSWER_SECONDS)
    except TimeoutError:
        text = f"It took the connection, and gave no answer within {ANSWER_SECONDS:.0f} s."
        return ReachedAddress(
            problem(name, text, "Run doctor again in a minute: a service that slept may be awake.", at="http")
        )
    except TryLater as error:
        return ReachedAddress(await _failure(name, url, error, local=local))
    finally:
        await http.aclose()
    took = patient.clock.monotonic() - started
    text = f"Reachable: answered {answer.status} within {took * 1000:.0f} ms."
    found = ok(name, text, status=answer.status, ms=round(took * 1000))
    return ReachedAddress(found, answer, _offset(answer, before.timestamp(), took))


def _offset(answer: Answer, before: float, took: float) -> ClockOffset | None:
    """The ``Date`` is cut to the second, and was written at some moment between asking and hearing."""
    try:
        theirs = parsedate_to_datetime(answer.headers.get("date", "")).timestamp()
        age = float(answer.headers.get("age", "0"))
    except (TypeError, ValueError, OverflowError):
        return None
    return ClockOffset(theirs + age + 0.5 - (before + took / 2), took / 2 + 0.5)


async def _failure(name: str, url: str, error: TryLater, *, local: bool) -> Check:
    if error.__cause__ is None:  # it did answer
        if error.limited:
            return warning(name, "Reachable, and asks for a pause (429).", "Wait a few minutes.", at="http", status=429)
        return problem(name, f"Reachable, and in trouble: {error.reason}.", "It usually passes by itself.", at="http")
    proxy = "" if local else proxy_for(url)
    place, text, step = await _diagnosis(proxy or url, error)
    if proxy:
        text, step = f"Through the proxy of the environment: {text}", f"Check HTTP_PROXY and its like. {step}"
    return problem(name, text, step, at=place)


def proxy_for(url: str) -> str:
    """The proxy that the environment sets for this address, as a URL; empty where there is none."""
    parts = urlsplit(url)
    proxies = urllib.request.getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all") or ""
    if not proxy or urllib.request.proxy_bypass(parts.hostname or ""):
        return ""
    return proxy if "://" in proxy else f"http://{proxy}"


async def _diagnosis(url: str, error: TryLater) -> tuple[str, str, str]:
    """Where it ends, what that means, and what to do; each step as the one before allows."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    if (found := await _name_trouble(host, port)) is not None:
        return (
            "dns",
            f"The name {host} cannot be resolved ({found}).",
            "Check the spelling, and the DNS of this machine.",
        )
    if (found := await _connection_trouble(host, port)) is not None:
        step = "Check address and port, that the program there runs, and firewalls in between."
        return "connection", f"{host} resolves, and port {port} takes no connection ({found}).", step
    if parts.scheme == "https" and (found := await _tls_trouble(host, port)) is not None:
        step = "Check the certificate (name, date, issuer), that this port speaks https, and the clock of this machine."
        return "tls", f"{host}:{port} connects, and TLS fails ({found}).", step
    return (
        "http",
        f"{host}:{port} connects, and then: {error.reason}.",
        "Check that this is the right program and port.",
    )


async def _name_trouble(host: str, port: int) -> str | None:
    try:
        async with asyncio.timeout(STEP_SECONDS):
            await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except TimeoutError:
        return "no answer from the name server"
    except (OSError, UnicodeError) as error:
        return (error.strerror if isinstance(error, OSError) else None) or "not a valid name"
    return None


async def _connection_trouble(host: str, port: int, tls: ssl.SSLContext | None = None) -> str | None:
    try:
        async with asyncio.timeout(STEP_SECONDS):
            _, writer = await asyncio.open_connection(host, port, ssl=tls)
    except TimeoutError:
        return "no answer"
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    except ssl.SSLError as error:
        return error.reason or "no TLS there"
    except OSError as error:
        return _refusal(error)
    writer.close()
    return None


async def _tls_trouble(host: str, port: int) -> str | None:
    return await _connection_trouble(host, port, ssl.create_default_context())


def _refusal(error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    return (error.strerror or type(error).__name__).partition(" (")[0].lower()


def clock_check(patient: Patient, offsets: Mapping[str, ClockOffset]) -> Check:
    """Our clock against that of the services, the middle one of them where there are several."""
    name = "clock"
    if not offsets:
        return skipped(name, "No service told its time.", "Make sure that this machine sets its clock by NTP.")
    middle = median(offset.seconds for offset in offsets.values())
    least = median(offset.least for offset in offsets.values())
    figures = {"seconds_off": round(-middle, 1), "asked": len(offsets)}
    text = f"{_told(-middle)} by the clocks of {_named(offsets)}."
    if least <= CLOCK_OFF:
        return ok(name, text, **figures)
    step = "Set the clock by NTP: the times of plays, and whether a sign-in is still good, go by it."
    return (problem if least > CLOCK_WRONG else warning)(name, text, step, **figures)


def _told(ahead: float) -> str:
    if abs(ahead) < 2:
        return "Right"
    return f"{abs(ahead):.0f} s {'ahead' if ahead > 0 else 'behind'}"


def _named(names: Iterable[str]) -> str:
    return ", ".join(sorted({name.partition(" ")[0] for name in names}))
