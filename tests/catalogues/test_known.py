"""What Sonarr imported helps to find the show of an episode that somebody watches."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from scrobbled.catalogues.known import KnownFinder, learn
from scrobbled.catalogues.resolve import Resolver
from scrobbled.config import loads
from scrobbled.core.naming.ids import EpisodeIds, ShowIds
from scrobbled.core.naming.items import Episode
from scrobbled.core.naming.matching import Finding
from scrobbled.core.words.outcomes import EventOutcome
from scrobbled.runtime.service import build
from scrobbled.sources import SOURCES
from scrobbled.sources.body import Body

IMPORT = json.loads((Path(__file__).parent.parent / "payloads" / "sonarr" / "import.json").read_text("utf-8"))
IDS = ShowIds(imdb="tt8800110", tmdb=225500, tvdb=440011)
WATCHED = Episode("Lumières du port", 2, 5)


class Memory:
    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}
        self.writes = 0

    async def get(self, key: str) -> Any:
        return self.kept.get(key)

    async def put(self, key: str, value: Any, *, seconds: float) -> None:
        self.writes += 1
        self.kept[key] = json.loads(json.dumps(value))


@pytest.fixture
async def cache(anyio_backend: str) -> Memory:
    cache = Memory()
    await learn(cache, SOURCES["sonarr"].parse(IMPORT, datetime(2026, 2, 24, tzinfo=UTC)))
    return cache


async def found(cache: Memory, episode: Episode) -> Finding | None:
    findings = await KnownFinder(cache).find_show(episode)
    return findings[0] if findings else None


@pytest.mark.parametrize(
    "episode",
    [replace(WATCHED, ids=EpisodeIds(tvdb=10220330)), replace(WATCHED, show_ids=ShowIds(tvdb=440011))],
    ids=["of the episode", "of the show"],
)
async def test_an_id_at_tvdb_tells_the_show_for_certain(cache: Memory, episode: Episode) -> None:
    finding = await found(cache, episode)
    assert finding is not None
    assert (finding.certain, finding.match.ids, finding.title, finding.year) == (True, IDS, "Harbour Lights", 2023)
    match = await Resolver([KnownFinder(cache)], Memory()).show_of(episode)
    assert match.ids.tmdb == 225500


async def test_a_title_is_a_suggestion(cache: Memory) -> None:
    finding = await found(cache, Episode("HARBOUR LIGHTS", 2, 5))
    assert finding is not None
    assert (finding.certain, finding.candidate().tmdb) == (False, 225500)


async def test_a_show_of_another_id_is_another_show(cache: Memory) -> None:
    assert await found(cache, Episode("Harbour Lights", 2, 5, show_ids=ShowIds(tvdb=7))) is None


async def test_what_was_never_imported_is_unknown(cache: Memory) -> None:
    assert await found(cache, Episode("Salt Flats", 1, 1, ids=EpisodeIds(tvdb=5))) is None


async def test_the_same_import_again_writes_nothing(cache: Memory) -> None:
    before = cache.writes
    await learn(cache, SOURCES["sonarr"].parse(IMPORT, datetime(2026, 2, 25, tzinfo=UTC)))
    assert cache.writes == before == 4


async def test_without_a_tmdb_id_there_is_nothing_to_learn() -> None:
    cache = Memory()
    unknown = {**IMPORT, "series": {**IMPORT["series"], "tmdbId": 0}}
    await learn(cache, SOURCES["sonarr"].parse(unknown, datetime(2026, 2, 24, tzinfo=UTC)))
    assert cache.kept == {}


async def test_an_import_is_learned_from_as_it_comes_in(tmp_path: Path, anyio_backend: str) -> None:
    config = loads(
        f"storage: {{path: {tmp_path / 's.db'}}}\n"
        "sources: {sonarr: {token: a-webhook-token-0815}}\n"
        "viewers: [{name: anna, trackers: {memory: {}}}]",
        {},
    )
    runtime = build(config)
    try:
        taken = await runtime.ingest.take("sonarr", Body(IMPORT, json.dumps(IMPORT)))
        findings = await KnownFinder(runtime.cache).find_show(replace(WATCHED, ids=EpisodeIds(tvdb=10220330)))
    finally:
        await runtime.aclose()
    assert taken.outcome is EventOutcome.UNWANTED  # and not: held for whoever claims it
    assert [found.match.ids.tmdb for found in findings] == [225500]
