"""Structured logs: one event a line, as text for people or JSON for machines, every secret masked."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO, cast

import structlog

from scrobbled.core.words.printable import printable
from scrobbled.plumbing.logbook import Logbook
from scrobbled.plumbing.redact import Redactor

QUIET = ("httpx", "httpcore", "uvicorn", "apprise", "urllib3", "asyncio", "websockets")
"""Chatty libraries; ``httpx`` even prints full URLs, tokens included."""


class _Unbreakable:
    """A stream whose troubles (disk full, reader gone) are no reason to drop a webhook or to end a delivery."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()

    def isatty(self) -> bool:
        return self._stream.isatty()


class _Logger(structlog.WriteLogger):
    """Knows which part of the service speaks."""

    def __init__(self, file: TextIO, name: str) -> None:
        super().__init__(file)
        self.name = name


class _Keeper(logging.Handler):
    """Gives what libraries say to the logbook; its formatter does all the work."""

    def emit(self, record: logging.LogRecord) -> None:
        self.format(record)


def set_up(
    level: str,
    style: str,
    redactor: Redactor,
    stream: TextIO | None = None,
    *,
    into: Logbook | None = None,
    keep: str | None = None,
) -> None:
    """``level`` is debug, info, warning, error or critical; ``style`` is text or json.

    Everything passes the one redactor. Lines are kept ``into`` a logbook, too, from ``level`` on, or from ``keep`` on
    where that is lower.
    """
    out = _Unbreakable(stream or sys.stderr)
    levels = logging.getLevelNamesMapping()
    number = levels[level.upper()]
    lowest = min(number, levels[(keep or level).upper()])
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        _add_component,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _masking(redactor),
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if style == "json"
        else structlog.dev.ConsoleRenderer(colors=out.isatty(), pad_event_to=0, sort_keys=False)
    )
    kept: list[structlog.typing.Processor] = [] if into is None else [into.keep, _from(number)]
    structlog.configure(
        processors=[*shared, *kept, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(lowest),
        logger_factory=lambda name="": _Logger(cast(TextIO, out), name),
        cache_logger_on_first_use=False,
    )
    handlers = [_handler(logging.StreamHandler(out), number, shared, renderer)]
    if into is not None:
        handlers.append(_handler(_Keeper(), lowest, shared, into.keep, lambda *_: ""))
    root = logging.getLogger()
    root.handlers = handlers
    root.setLevel(lowest)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _masking(redactor: Redactor) -> structlog.typing.Processor:
    def mask(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        masked: dict[str, Any] = redactor.value(dict(event))  # as a whole: a key may say that its value is a secret
        return {key: printable(value) if isinstance(value, str) else value for key, value in masked.items()}

    return mask


def _add_component(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Which part of the service, or which library, speaks."""
    record = event.get("_record")
    name = record.name if isinstance(record, logging.LogRecord) else getattr(logger, "name", "")
    if name:
        event["component"] = name
    return event


def _from(number: int) -> structlog.typing.Processor:
    """Lets nothing through that is less grave."""
    levels = logging.getLevelNamesMapping()

    def let_through(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        if levels.get(str(event.get("level", "")).upper(), logging.CRITICAL) < number:
            raise structlog.DropEvent
        return event

    return let_through


def _handler(
    handler: logging.Handler,
    number: int,
    shared: list[structlog.typing.Processor],
    *then: structlog.typing.Processor,
) -> logging.Handler:
    """For what libraries say. The level stands here and not at them: Apprise reads from its own log why an alert was
    refused."""
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *then]
        )
    )
    handler.setLevel(number)
    return handler
