"""What Sonarr and Radarr import, as knowledge of ids; never a viewing."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from scrobbled.core.naming.ids import EpisodeIds, MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Movie, Origin
from scrobbled.core.watching.events import Account, EventKind, PlaybackEvent
from scrobbled.sources import SOURCES

PAYLOADS = Path(__file__).parent.parent / "payloads"
RECEIVED_AT = datetime(2026, 2, 24, 11, 0, 16, tzinfo=UTC)


def sample(name: str) -> dict[str, Any]:
    message: dict[str, Any] = json.loads((PAYLOADS / f"{name}.json").read_text("utf-8"))
    return message


def parse(message: dict[str, Any], source: str = "sonarr") -> tuple[PlaybackEvent, ...]:
    return SOURCES[source].parse(message, RECEIVED_AT)


def test_an_import_of_sonarr_is_its_episodes_with_the_ids_of_the_show() -> None:
    first, second = parse(sample("sonarr/import"))
    assert first == PlaybackEvent(
        source="sonarr",
        kind=EventKind.ADDED,
        occurred_at=RECEIVED_AT,
        item=Episode(
            show_title="Harbour Lights",
            season=2,
            number=5,
            title="Low Tide",
            show_year=2023,
            show_ids=ShowIds(imdb="tt8800110", tmdb=225500, tvdb=440011),
            ids=EpisodeIds(tvdb=10220330),
            air_date=date(2024, 11, 3),
            origin=Origin("Sonarr", "900", "31"),
        ),
    )
    assert isinstance(second.item, Episode)
    assert (second.item.number, second.item.ids.tvdb) == (6, 10220331)
    assert first.account == Account()


def test_an_import_of_radarr_is_a_movie() -> None:
    (event,) = parse(sample("radarr/import"), "radarr")
    ids = MovieIds(imdb="tt7700511", tmdb=771234)
    assert event.item == Movie("Paper Boats", 2019, ids, Origin("Radarr", "77"))


def test_an_unknown_id_is_written_as_zero() -> None:
    message = sample("sonarr/import")
    message["series"].update(tmdbId=0, imdbId="", tvdbId=440011)
    item = parse(message)[0].item
    assert isinstance(item, Episode)
    assert item.show_ids == ShowIds(tvdb=440011)


@pytest.mark.parametrize(
    ("source", "message", "reason"),
    [
        ("sonarr", sample("sonarr/test"), "test"),
        ("radarr", sample("radarr/test"), "test"),
        ("sonarr", sample("sonarr/grab"), "unsupported"),
        ("sonarr", {"eventType": "SeriesDelete", "series": {"title": "x"}}, "unsupported"),
        ("sonarr", {"eventType": ["Download"]}, "this form is not known: see docs/sources/sonarr-radarr.md"),
        ("sonarr", {}, "empty"),
        ("sonarr", {"eventType": "Download"}, "no item"),
        ("sonarr", {"eventType": "Download", "series": {"title": "x"}, "episodes": []}, "no item"),
        ("sonarr", {"eventType": "Download", "series": {"title": "x"}, "episodes": ["y"]}, "no item"),
        ("sonarr", {"eventType": "Download", "series": {}, "episodes": [{}]}, "no item"),
        ("radarr", {"eventType": "Download", "movie": {"year": 2019}}, "no item"),
        (
            "sonarr",
            {"eventType": "Download", "series": {"title": "x"}, "episodes": [{"episodeNumber": "S1"}]},
            "malformed",
        ),
    ],
)
def test_everything_else_is_ignored_with_its_reason(source: str, message: dict[str, Any], reason: str) -> None:
    (event,) = parse(message, source)
    assert (event.kind, event.item, event.reason) == (EventKind.IGNORED, None, reason)


def test_a_long_list_is_cut() -> None:
    message = sample("sonarr/import")
    message["episodes"] *= 400
    assert len(parse(message)) == 100
