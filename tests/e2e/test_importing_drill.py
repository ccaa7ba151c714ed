"""``scrobbled import``: a file's history reaches both sides once, with its dates, however often it is imported."""

import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scrobbled.sandbox.plex.items import LibraryItem

from .harness import Ledger, Service, Town, Viewing, serving

BEGAN = datetime(2025, 3, 1, 20, 15, tzinfo=UTC)


@pytest.fixture
def town() -> Iterator[Town]:
    with Town() as town:
        yield town


@pytest.fixture
def service(tmp_path: Path, town: Town) -> Service:
    """Signed in, and not started."""
    service = Service(tmp_path, town)
    service.sign_in_to_trakt()
    return service


def viewings(town: Town, count: int) -> list[Viewing]:
    return [Viewing(item, BEGAN + timedelta(days=day)) for day, item in enumerate(town.episodes()[:count])]


def history(seen: list[Viewing]) -> list[dict[str, Any]]:
    return [
        {
            "id": number,
            "watched_at": viewing.at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "action": "watch",
            "type": viewing.item.type,
            **_about(viewing.item),
        }
        for number, viewing in enumerate(seen, 1)
    ]


def _about(item: LibraryItem) -> dict[str, Any]:
    if item.episode is None or item.show is None:
        movie = item.movie
        return {"movie": {"title": item.title, "year": movie.year, "ids": {"tmdb": movie.tmdb, "imdb": movie.imdb}}}
    show, episode = item.show, item.episode
    ids = {"trakt": episode.trakt, "tvdb": episode.tvdb, "tmdb": episode.tmdb}
    return {
        "episode": {"season": episode.season, "number": episode.number, "title": episode.title, "ids": ids},
        "show": {"title": show.title, "year": show.year, "ids": {"trakt": show.trakt, "tmdb": show.tmdb}},
    }


def export(folder: Path, seen: list[Viewing], **more: Any) -> Path:
    path = folder / "trakt-export.zip"
    with zipfile.ZipFile(path, "w") as packed:
        for name, rows in {"watched-history-1.json": history(seen), **more}.items():
            packed.writestr(name, json.dumps(rows))
    return path


def done(service: Service, *words: str) -> str:
    result = service.run("import", *words)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_an_export_reaches_both_sides_once_with_and_without_a_running_service(tmp_path: Path, town: Town) -> None:
    ledger = Ledger([*viewings(town, 5), Viewing(town.movie(), BEGAN)])
    path = export(tmp_path, ledger.sure)
    with serving(tmp_path, town) as service:
        done(service, str(path))
        ledger.check(town)
        done(service, str(path))
        service.end()
        writes = town.calls("trakt", "POST /sync/history"), town.calls("serializd", "POST")
        assert "nothing to do" in done(service, str(path))
        assert (town.calls("trakt", "POST /sync/history"), town.calls("serializd", "POST")) == writes
    ledger.check(town)


def test_a_dry_run_shows_what_would_come_and_its_plan_does_exactly_that(
    tmp_path: Path, town: Town, service: Service
) -> None:
    service.config["safety"] = {"max_writes_per_hour": 3}
    ledger = Ledger(viewings(town, 5))
    path = str(export(tmp_path, ledger.sure))
    before = service.database.read_bytes()
    shown = json.loads(done(service, path, "--to", "trakt", "--dry-run", "--json"))
    assert (town.trakt(), service.database.read_bytes() == before) == ([], True)
    assert shown["runs"][0]["counts"]["trakt"]["additions"] == 5
    waits = json.loads(done(service, path, "--to", "trakt", "--json"))
    assert (waits["runs"][0]["outcome"], town.trakt()) == ("approval", [])
    assert waits["plan_id"].partition("-")[2] == shown["plan_id"].partition("-")[2]
    carried = json.loads(done(service, path, "--to", "trakt", "--plan", waits["plan_id"], "--json"))
    assert carried["runs"][0]["outcomes"] == {"delivered": 5}
    assert (sorted(town.trakt()), town.serializd()) == (sorted(v.trakt for v in ledger.sure), [])


def test_what_is_there_already_is_recognised_by_its_day(tmp_path: Path, town: Town, service: Service) -> None:
    seen = viewings(town, 3)
    done(service, str(export(tmp_path, seen[:2])))
    table = tmp_path / "history.csv"
    rows = [f"{v.item.show.tvdb},{v.item.season.number},{v.item.episode.number},{v.at:%Y-%m-%d}" for v in seen]
    table.write_text("\n".join(["tvdb_id,season,episode,date", *rows]) + "\n")
    done(service, str(table))
    noon = seen[2].at.replace(hour=12, minute=0)
    assert sorted(town.trakt()) == sorted(v.trakt for v in (*seen[:2], Viewing(seen[2].item, noon)))
    assert len(town.serializd()) == 3


def test_ratings_come_along(tmp_path: Path, town: Town, service: Service) -> None:
    (seen,) = viewings(town, 1)
    rated = {"rated_at": "2025-03-02T09:00:00.000Z", "rating": 8, "type": "episode", **_about(seen.item)}
    done(service, str(export(tmp_path, [seen], **{"ratings-episodes.json": [rated]})))
    rows = town.do(town.sandbox["serializd"].state)["accounts"]["anna"]["reviews"]
    assert [row["rating"] for row in rows] == [8]


def test_a_file_that_is_none_says_so_and_changes_nothing(tmp_path: Path, service: Service) -> None:
    (tmp_path / "cat.zip").write_bytes(b"PK\3\4 no archive at all")
    result = service.run("import", str(tmp_path / "cat.zip"))
    assert result.returncode == 1
    assert "damaged or incomplete zip archive" in result.stderr


def test_a_state_of_the_old_program_tells_what_was_lost(tmp_path: Path, town: Town, service: Service) -> None:
    seen = viewings(town, 3)
    done(service, str(export(tmp_path, seen[:1])))
    done(service, str(export(tmp_path, seen[:2])), "--to", "trakt")
    keys = [f"{v.item.show.tmdb}:{v.item.season.number}:{v.item.episode.number}:{v.at:%Y-%m-%d}" for v in seen]
    state = tmp_path / "sync_state.json"
    state.write_text(json.dumps({"version": 1, "synced_activities": keys, "excluded_activities": {}}))
    lost = json.loads(done(service, str(state), "--json"))["lost"]
    assert (lost["believed"], len(lost["not_on_b"]), len(lost["not_on_a"]), len(lost["nowhere"])) == (3, 1, 0, 1)
    said = done(service, str(state))
    assert "1 never arrived on serializd" in said
    assert "The next scrobbled sync of this pair sends what is missing" in said
