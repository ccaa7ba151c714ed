"""Leaving a source alone for a while that is down, refuses us, or asks for patience."""

from __future__ import annotations

import structlog

from scrobbled.core.errors import LoginNeeded, TrackerError, TryLater
from scrobbled.desk.posters.base import PosterSource
from scrobbled.desk.posters.picture import Picture
from scrobbled.desk.posters.subject import PosterSubject
from scrobbled.plumbing.clock import Clock

IN_A_ROW = 3
"""Failures until it is left alone: one picture that is broken there says nothing of the others."""
REST = 60.0
REFUSED_REST = 900.0
log = structlog.get_logger("art")


class PausingSource:
    """A source, asked only while it answers. The log is told when that ends and when it begins again."""

    def __init__(self, source: PosterSource, clock: Clock) -> None:
        self._source, self._clock = source, clock
        self._failures = 0
        self._until = 0.0
        self._reason = ""

    @property
    def name(self) -> str:
        return self._source.name

    async def find(self, subject: PosterSubject) -> Picture | None:
        """As ``PosterSource.find``; ``TryLater`` also while it is left alone."""
        if self._clock.monotonic() < self._until:
            raise TryLater(self._reason)
        try:
            found = await self._source.find(subject)
        except TrackerError as error:
            self._failed(error)
            raise
        if self._reason:
            log.info("posters are fetched there again", action="art", source=self.name)
        self._failures, self._reason = 0, ""
        return found

    def _failed(self, error: TrackerError) -> None:
        self._failures += 1
        asked_for = error.after if isinstance(error, TryLater) else None
        refused = isinstance(error, LoginNeeded)
        if self._failures < IN_A_ROW and not refused and not asked_for:
            return
        if not self._reason:
            log.warning("posters cannot be fetched there", action="art", source=self.name, why=error.reason)
        self._reason = error.reason
        self._until = self._clock.monotonic() + max(asked_for or 0.0, REFUSED_REST if refused else REST)
