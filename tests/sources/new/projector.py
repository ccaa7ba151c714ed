"""A projector that does not exist: each message is one film, watched to its end. It is what a new source has to be."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.core.naming.guids import of_movie
from scrobbled.core.naming.items import Movie, Origin
from scrobbled.core.watching.events import Account, EventKind, PlaybackEvent
from scrobbled.plumbing.fields import text, year
from scrobbled.sources.base import Ignored, Setup, Source, unknown_form
from scrobbled.sources.examples import MARK, TITLE, Example, ExampleBody, as_json
from scrobbled.sources.times import at, moment

SETUP = Setup(
    title="Projector",
    steps=("In the projector's menu open Network > Webhook.", "Paste the address, and press OK."),
)


class ProjectorSource(Struct, frozen=True):
    """Webhooks of the projector."""

    name: str

    @property
    def setup(self) -> Setup:
        return SETUP

    def example(self, example: Example) -> ExampleBody:
        watched = {"film": TITLE, "reel": MARK, "device": example.server, "library": example.library}
        return as_json({"watcher": example.account, "ended": int(example.at.timestamp()), **watched})

    def parse(self, payload: Mapping[str, Any], received_at: datetime) -> tuple[PlaybackEvent, ...]:
        """One event. Reasons for ignoring: ``empty``, an unknown form, ``no item``."""
        event = PlaybackEvent(self.name, EventKind.IGNORED, received_at.astimezone(UTC))
        try:
            film = _film(self.name, payload)
        except Ignored as ignored:
            return (replace(event, reason=ignored.reason),)
        who = Account(name=text(payload.get("watcher"), limit=200))
        return (at(replace(event, kind=EventKind.WATCHED, item=film, account=who), moment(payload.get("ended"))),)


def _film(source: str, payload: Mapping[str, Any]) -> Movie:
    if "film" not in payload:
        raise unknown_form(source, payload)
    title, reel = text(payload["film"]), text(payload.get("reel"), limit=100)
    if not title or not reel:
        raise Ignored("no item")
    ids = of_movie({"Guid": [f"imdb://{text(payload.get('imdb'))}"]})
    origin = Origin(text(payload.get("device")), reel, None, text(payload.get("library")))
    return Movie(title, year(payload.get("year")), ids, origin)


SOURCE: type[Source] = ProjectorSource
