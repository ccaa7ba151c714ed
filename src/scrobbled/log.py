"""Structured logs: one event a line, as text for people or JSON for machines, every secret masked."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO, cast

import structlog

from scrobbled.core.printable import printable
from scrobbled.redact import Redactor

QUIET = ("httpx", "httpcore", "uvicorn", "apprise", "urllib3", "asyncio")
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


def set_up(level: str, style: str, redactor: Redactor, stream: TextIO | None = None) -> None:
    """``level`` is debug, info, warning, error or critical; ``style`` is text or json.

    Everything passes the one redactor.
    """
    out = _Unbreakable(stream or sys.stderr)
    number = logging.getLevelNamesMapping()[level.upper()]

    def mask(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        masked: dict[str, Any] = redactor.value(dict(event))  # as a whole: a key may say that its value is a secret
        return {key: printable(value) if isinstance(value, str) else value for key, value in masked.items()}

    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        mask,
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if style == "json"
        else structlog.dev.ConsoleRenderer(colors=out.isatty(), pad_event_to=0, sort_keys=False)
    )
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, *shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=cast(TextIO, out)),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(number)
    handler.setLevel(number)  # here, not at the libraries: Apprise reads from its own log why an alert was refused
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
