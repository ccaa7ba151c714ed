"""What of a changed configuration comes into force while the service runs."""

from __future__ import annotations

from dataclasses import replace

from scrobbled.config import Config


def staying(before: Config, after: Config) -> Config:
    """``after``, with what cannot change while we run as it was ``before``."""
    old = before.server
    server = replace(after.server, host=old.host, port=old.port, ingress=old.ingress)
    return replace(after, server=server, storage=replace(after.storage, path=before.storage.path))


def needs_a_restart(before: Config, after: Config) -> list[str]:
    """What changed that is in force only from the next start on, for people."""
    if staying(before, after) == after:
        return []
    return ["server.host, server.port, server.ingress and storage.path change only when scrobbled is started again"]


def delivers_otherwise(before: Config, after: Config) -> bool:
    """Whether something changed that a courier, or a catalogue it asks, was wired with."""
    return any(getattr(before, part) != getattr(after, part) for part in ("viewers", "sources", "metadata", "safety"))
