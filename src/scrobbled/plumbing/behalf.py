"""For which run of a pair something is done: its lines of the log name it, and its requests are counted to it."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator, Mapping
from contextvars import ContextVar

from structlog.contextvars import bound_contextvars

_RUN: ContextVar[int | None] = ContextVar("run", default=None)


@contextlib.contextmanager
def for_run(run: int | None) -> Iterator[None]:
    """Everything inside, also what it begins beside itself, is done for that run; for ``None`` nothing is new."""
    if run is None:
        yield
        return
    token = _RUN.set(run)
    try:
        with bound_contextvars(run=f"r{run}"):
            yield
    finally:
        _RUN.reset(token)


class RunRequests:
    """Requests by run and service, until somebody writes them down."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[int, str]] = Counter()

    def count(self, service: str) -> None:
        """One more, where it is sent for a run."""
        run = _RUN.get()
        if run is not None:
            self._counts[run, service] += 1

    def taken(self) -> Mapping[int, Mapping[str, int]]:
        """All that were not taken yet, by run and service."""
        counts, self._counts = self._counts, Counter()
        found: dict[int, dict[str, int]] = {}
        for (run, service), count in counts.items():
            found.setdefault(run, {})[service] = count
        return found
