"""The contract of a source: a media server or player that tells us what happens, and is never asked anything."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from msgspec import Struct

from scrobbled.core.services import service
from scrobbled.core.watching.events import PlaybackEvent
from scrobbled.core.words.reasons import UNKNOWN_FORM, Code, Reason, coded
from scrobbled.sources.examples import Example, ExampleBody

LIBRARY = "scrobbled-library"
"""A member of a payload that no media server sends: the title of the item's library, which we have asked for."""


class Ignored(Exception):
    """Authentic, but nothing we act on."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = coded(reason)


def unknown_form(source: str, payload: Mapping[str, Any] | None = None) -> Ignored:
    """For a message in which nothing is recognised. It may tell of a viewing all the same, so that people must hear."""
    if payload is not None and not payload:
        return Ignored("empty")
    page = f"docs/sources/{service(source).page or source}.md"
    return Ignored(Reason(f"{UNKNOWN_FORM}: see {page}", Code.UNKNOWN_FORM))


class Setup(Struct, frozen=True):
    """``steps`` are done in order; ``notes`` are worth knowing. Both speak of "the address", which they do not hold.

    ``paste`` is text, or JSON, for the field ``paste_into``.
    """

    title: str
    steps: tuple[str, ...]
    notes: tuple[str, ...] = ()
    paste_into: str = ""
    paste: str | Mapping[str, Any] = ""
    registers: bool = False
    """Our webhook can be entered there by its API, see ``servers.registering``."""
    where: str = "its webhook settings"
    """Where the address is entered, in one line."""
    listening: tuple[str, ...] = ()
    """What is done there so that we can listen to it instead; empty where nothing is, or nobody can listen."""
    reporting: str = ""
    """What the way of ``steps`` is called beside that one."""


class Source(Protocol):
    """Turns one decoded webhook into events; pure, so that a stored webhook can be run again at any time.

    ``name`` is the word of the URL and of the configuration, ``setup`` what a person does there. ``parse`` never raises
    on an object, whatever is in it: what we do not act on becomes one event of kind ``IGNORED`` with a short
    ``reason``. It yields at least one event; a file that holds several episodes yields one for each.
    """

    @property
    def name(self) -> str: ...

    @property
    def setup(self) -> Setup: ...

    def example(self, example: Example) -> ExampleBody:
        """What it would send of that, as one webhook: for ``scrobbled test-event``."""
        ...

    def parse(self, payload: Mapping[str, Any], received_at: datetime) -> tuple[PlaybackEvent, ...]:
        """``received_at`` is aware; it is the time of every event for which the source states none."""
        ...
