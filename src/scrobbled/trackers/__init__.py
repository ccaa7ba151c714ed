"""Accounts at services that we can ask and change; a new one is a folder and one line in ``TRACKERS``."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

from scrobbled.trackers.base import Context, Tracker


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a tracker's ``build(context)`` is; imported when it is first built, so that starting stays quick."""

    module: str

    def build(self, context: Context) -> Tracker:
        """The tracker for one viewer's account. No request is sent; settings were validated with the configuration."""
        tracker: Tracker = import_module(self.module).build(context)
        return tracker


TRACKERS: dict[str, Entry] = {
    "serializd": Entry("scrobbled.trackers.serializd.tracker"),
    "trakt": Entry("scrobbled.trackers.trakt.tracker"),
    "memory": Entry("scrobbled.trackers.memory"),
}
"""By the name that stands in the configuration."""
