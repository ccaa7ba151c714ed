"""Doing things with an end: whoever does not answer costs seconds, not the whole examination."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import structlog

from scrobbled.core.words.checks import Check, problem, skipped

T = TypeVar("T")
REPORT = "Report this as a defect of doctor, with the log."
log = structlog.get_logger("doctor")


async def bounded(name: str, work: Awaitable[Sequence[Check]], seconds: float) -> list[Check]:
    """What ``work`` found; one check that says so where it did not end in time, or broke."""
    try:
        async with asyncio.timeout(seconds):
            return list(await work)
    except TimeoutError:
        text = f"Not done after {seconds:.0f} s, so it was left."
        return [problem(name, text, "Run doctor again; if it stays so, what is asked here hangs.")]
    except Exception as error:  # noqa: BLE001 - a doctor that falls over its own feet must still tell the rest
        log.warning("a check failed", action="doctor", check=name, error=type(error).__name__)
        return [skipped(name, f"The check itself failed ({type(error).__name__}).", REPORT)]


async def in_thread(work: Callable[[], T]) -> T:
    """``work`` in a thread that nobody waits for at the end: a dead network disk may hold it for ever."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def resolve(result: T | None, error: BaseException | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]  # there is a result where there is no error

    def run() -> None:
        result, failure = None, None
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 - handed to whoever waits
            failure = error
        with contextlib.suppress(RuntimeError):  # the loop is gone, and with it whoever waited
            loop.call_soon_threadsafe(resolve, result, failure)

    threading.Thread(target=run, name="doctor", daemon=True).start()
    return await future
