"""Messages as media servers really send them, and what becomes of them on a bad day."""

import copy
import json
import random
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from scrobbled.core.errors import BadPayload
from scrobbled.sources import SOURCES
from scrobbled.sources.body import read_body

PAYLOADS = Path(__file__).parent.parent / "payloads"
POLLED = {"plex-polled": "plex"}
"""Folders of payloads that are not called as their source is."""
PLAYED = {
    "polled": "played",
    "ServerId": "3f0b6a7e1c2d4b5a8e9f001122334455",
    "User": {"Id": "00112233445566778899aabbccddeeff", "Name": "marta"},
    "Item": {
        "Name": "Low Tide",
        "Id": "77aa88bb99cc00dd11ee22ff33445566",
        "Type": "Episode",
        "SeriesName": "Harbour Lights",
        "ParentIndexNumber": 2,
        "IndexNumber": 5,
        "RunTimeTicks": 27_000_000_000,
        "ProviderIds": {"Tvdb": "10220330"},
        "UserData": {"Played": True, "PlayCount": 1, "LastPlayedDate": "2026-02-20T20:00:00.0000000Z"},
    },
    "Series": {"Name": "Harbour Lights", "ProductionYear": 2023, "ProviderIds": {"Tmdb": "225500"}},
}
TRAKT = {
    "call": "scrobble/stop",
    "viewer": "anna",
    "client": "mpv",
    "body": {
        "progress": 93.0,
        "show": {"title": "Harbour Lights", "year": 2023, "ids": {"tvdb": 440011}},
        "episode": {"season": 2, "number": 5, "ids": {"tvdb": "10220330", "imdb": "tt9900112"}},
    },
}
ADDED = {
    "call": "history",
    "viewer": "anna",
    "body": {
        "movies": [{"title": "Paper Boats", "year": 2019, "watched_at": "2026-01-01T00:00:00Z"}],
        "shows": [{"ids": {"tvdb": 440011}, "seasons": [{"number": 2, "episodes": [{"number": 5}]}]}],
    },
}
TEXTS = [
    "", " ", "0", "1", "-1", "7.5", "1e400", "S01", "true", "NaN", "٣", "\x00\u202e", "\ud800", "x" * 5_000, "{action}",
    "2026-02-24T11:00:16Z", "2026-02-24T11:00:16.1234567Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00.0000000Z",
    "2026-02-31", "1771930812", "1-3,5", "1-999999", "tt0112253", "tt٣", "plex://episode/1", "plex://season/1",
    "tvdb://1/2/3", "tmdb://0", "com.plexapp.agents.hama://anidb-1/0/1", "com.plexapp.agents.thetvdbdvdorder://5/1/1",
    "com.plexapp.agents.imdb://tt1?lang=en", "local://1", "movie", "episode", "season", "show", "clip", "Movie",
    "Episode", "Series", "media.rate", "media.scrobble", "library.new", "PlaybackStop", "UserDataSaved", "TogglePlayed",
    "UpdateUserRating", "playback.stop", "item.markplayed", "item.rate", "Stop", "MarkPlayed", "Player.OnStop",
    "end", "interval", "playback.start", "{grandparent_title}", "{x!u}", "48", "2026-02-24T11:58:10.185714+01:00",
    "net.fribbtastic.coding.plex.myanimelist://1/1/5", "Harbour Lights - Low Tide", "2019-01-01",
    "VideoLibrary.OnUpdate", "history", "session", "item", "played", "Download", "watched", "created", "checkin",
]  # fmt: skip
VALUES: list[Any] = [
    *TEXTS, None, True, False, 0, 1, -1, 2, 96, 312, 2**31, 2**63, 10**30, -(10**30), 0.4, 6.5, 1e308, float("nan"),
    float("inf"), [], {}, [None], [1, "2", {}], {"id": 1}, {"id": "tmdb://5"}, {"Tmdb": "5", "Tvdb": "x"},
    {"hours": 1, "minutes": 99, "seconds": -1}, [{"id": "tvdb://1"}] * 60, {"a": {"b": {"c": {"d": 1}}}},
]  # fmt: skip


def seeds() -> list[tuple[str, dict[str, Any]]]:
    """Messages as they are really sent, each with its source."""
    found = [("trakt", TRAKT), ("trakt", ADDED), ("jellyfin", PLAYED), ("emby", PLAYED)]
    for path in sorted(PAYLOADS.glob("*/*.json")):
        source = POLLED.get(path.parent.name, path.parent.name)
        content = json.loads(path.read_text("utf-8"))
        if source in SOURCES and isinstance(content, dict):
            found.append((source, content))
    return found


SEEDS = seeds()


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container of a message with each of its keys or positions."""
    for key in list(value) if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], (dict, list)):
            yield from places(value[key])


def mutated(chance: random.Random, message: dict[str, Any]) -> dict[str, Any]:
    """With up to six values replaced, taken away, exchanged, multiplied, or put under another key."""
    message = json.loads(json.dumps(message))
    for _ in range(chance.choice((0, 1, 1, 1, 2, 2, 3, 4, 6))):
        found = list(places(message))
        if not found:
            break
        container, key = chance.choice(found)
        change(chance, container, key, found)
    return message


def change(chance: random.Random, container: Any, key: Any, found: list[tuple[Any, Any]]) -> None:
    way = chance.random()
    if way < 0.5:
        container[key] = copy.deepcopy(chance.choice(VALUES))
    elif way < 0.7:
        del container[key]
    elif way < 0.8:
        other, there = chance.choice(found)
        with suppress(KeyError, IndexError, TypeError):
            container[key] = json.loads(json.dumps(other[there]))
    elif way < 0.85:
        container[key] = [container[key]] * chance.choice((2, 30, 300))
    elif way < 0.9:
        container[key] = str(container[key])
    elif isinstance(container, dict):
        container[chance.choice((str(key).lower(), str(key).upper(), chance.choice(TEXTS)))] = container.pop(key)


def broken(chance: random.Random, message: dict[str, Any]) -> dict[str, Any] | None:
    """What becomes of it where its bytes are damaged on the way; ``None`` where it cannot be read."""
    body = bytearray(json.dumps(message).encode())
    for _ in range(chance.randint(0, 4)):
        body[chance.randrange(len(body))] = chance.randrange(256)
    if chance.random() < 0.2:
        del body[chance.randrange(len(body)) :]
    with suppress(BadPayload):
        return read_body(chance.choice(("application/json", "text/plain", "")), bytes(body)).data
    return None


def fuzzed(seed: int, count: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Always the same for the same ``seed``; now and then to the wrong source."""
    chance = random.Random(seed)
    for _ in range(count):
        source, message = chance.choice(SEEDS)
        message = mutated(chance, message)
        read = broken(chance, message) if chance.random() < 0.2 else message
        if read is not None:
            yield (chance.choice(sorted(SOURCES)) if chance.random() < 0.05 else source), read
