"""Sonarr and Radarr: what they import tells which ids belong together. Nobody watched anything.

https://wiki.servarr.com/sonarr/settings#connections
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.core.naming.guids import of_episode, of_movie, of_show
from scrobbled.core.naming.items import Episode, Item, Movie, Origin
from scrobbled.core.services import service
from scrobbled.core.watching.events import EventKind, PlaybackEvent
from scrobbled.plumbing.fields import Malformed, day, place, section, text, year
from scrobbled.sources.base import Ignored, Setup, Source, unknown_form
from scrobbled.sources.examples import TITLE, Example, ExampleBody, as_json

IMPORTED = "download"
"""``eventType`` of an import, and of an upgrade; the file is there by then."""
MOST_EPISODES = 100
"""A season in one message, and more."""
MAX_KEY = 100


class ArrSource(Struct, frozen=True):
    """Webhooks of Sonarr (``series`` and ``episodes``) and of Radarr (``movie``)."""

    name: str

    @property
    def setup(self) -> Setup:
        return _setup(service(self.name).title)

    def example(self, example: Example) -> ExampleBody:
        return EXAMPLES[self.name](example)

    def parse(self, payload: Mapping[str, Any], received_at: datetime) -> tuple[PlaybackEvent, ...]:
        """One ``ADDED`` for each episode or film; ``ids`` are its own, ``show_ids`` those of the series.

        Reasons for ignoring: ``empty``, ``test``, ``unsupported`` (everything but an import), an unknown form, ``no
        item``, ``malformed``.
        """
        event = PlaybackEvent(source=self.name, kind=EventKind.IGNORED, occurred_at=received_at.astimezone(UTC))
        try:
            return tuple(replace(event, kind=EventKind.ADDED, item=item) for item in _imported(self.name, payload))
        except Ignored as ignored:
            return (replace(event, reason=ignored.reason),)
        except Malformed:
            return (replace(event, reason="malformed"),)


def _imported(source: str, payload: Mapping[str, Any]) -> list[Item]:
    kind = text(payload.get("eventType")).casefold()
    if not kind:
        raise unknown_form(source, payload)
    if kind == "test":
        raise Ignored("test")
    if kind != IMPORTED:
        raise Ignored("unsupported")
    server = text(payload.get("instanceName")) or text(payload.get("applicationUrl"))
    movie, series = section(payload, "movie"), section(payload, "series")
    items: list[Item] = [_movie(movie, server)] if movie else list(_episodes(series, payload.get("episodes"), server))
    if not items:
        raise Ignored("no item")
    return items


def _movie(movie: Mapping[str, Any], server: str) -> Movie:
    ids = of_movie({"Guid": _guids(movie)})
    title = text(movie.get("title"))
    if not (title or ids):
        raise Ignored("no item")
    return Movie(title, year(movie.get("year")), ids, _origin(server, movie, None))


def _episodes(series: Mapping[str, Any], listed: Any, server: str) -> Iterator[Episode]:
    ids, title = of_show({"Guid": _guids(series)}), text(series.get("title"))
    if not (title or ids) or not isinstance(listed, list):
        return
    for one in listed[:MOST_EPISODES]:
        if isinstance(one, dict):
            yield Episode(
                show_title=title,
                season=place(one.get("seasonNumber")),
                number=place(one.get("episodeNumber")),
                title=text(one.get("title")) or None,
                show_year=year(series.get("year")),
                show_ids=ids,
                ids=of_episode({"Guid": _guids(one)}).ids,
                air_date=day(one.get("airDate")),
                origin=_origin(server, one, series.get("id")),
            )


def _guids(entry: Mapping[str, Any]) -> list[str]:
    """0 is what they write for an id they do not know; no guid takes it."""
    return [f"{name}://{text(entry.get(f'{name}Id'))}" for name in ("tvdb", "tmdb", "imdb")]


def _origin(server: str, entry: Mapping[str, Any], show: Any) -> Origin | None:
    key = text(entry.get("id"), limit=MAX_KEY)
    return Origin(server, key, text(show, limit=MAX_KEY) or None) if key else None


SOURCE: type[Source] = ArrSource


def _setup(title: str) -> Setup:
    return Setup(
        title=title,
        steps=(
            f"In {title} open Settings > Connect, click the plus, and choose Webhook.",
            "Name: scrobbled. Notification Triggers: tick On File Import and On File Upgrade (On Import and On Upgrade "
            "in older versions).",
            "Webhook URL: paste the address. Method: POST.",
            "Click Test, which has to succeed, then Save.",
        ),
        notes=("It is asked for ids alone: nothing it sends is ever a play.",),
    )


def _sonarr(example: Example) -> ExampleBody:
    """An import: nobody watched anything."""
    series = {"id": 1, "title": TITLE, "tvdbId": 0}
    episodes = [{"id": 1, "episodeNumber": 1, "seasonNumber": 1, "title": TITLE}]
    return as_json({"eventType": "Download", "instanceName": TITLE, "series": series, "episodes": episodes})


def _radarr(example: Example) -> ExampleBody:
    return as_json({"eventType": "Download", "instanceName": TITLE, "movie": {"id": 1, "title": TITLE, "year": 2000}})


EXAMPLES: Mapping[str, Callable[[Example], ExampleBody]] = {"sonarr": _sonarr, "radarr": _radarr}
