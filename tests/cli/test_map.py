"""``scrobbled map``: what a person types, what is printed, and that a trial asks everybody and changes nothing."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from cli.conftest import Command
from scrobbled.cli.corrections import _split
from scrobbled.core.naming.ids import ShowIds
from scrobbled.core.naming.items import Episode
from scrobbled.core.watching.plays import Play
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.runtime import service
from scrobbled.sandbox.server import Sandbox
from scrobbled.store import Store
from scrobbled.store.inbox import events
from scrobbled.store.inbox.events import Queued

NOW = datetime(2026, 11, 14, 20, 0, tzinfo=UTC)
CONFIG = """
storage: {{path: {database}}}
sources: {{plex: {{token: a-webhook-token-0815}}}}
viewers:
  - name: anna
    accounts: {{plex: anna}}
    trackers:
      serializd: {{email: anna@example.org, password: anna-secret, url: "http://sandbox/serializd/api"}}
      trakt: {{client_id: sandbox-client, url: "http://sandbox/trakt", auth_url: "http://sandbox/trakt-auth"}}
  - name: ben
    accounts: {{plex: ben}}
    trackers:
      serializd: {{email: ben@example.org, password: ben-secret, url: "http://sandbox/serializd/api"}}
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scrobbled: Command) -> Command:
    """``scrobbled map`` with these words, and a database in which S1 E13 of a show waits for anna."""
    config = tmp_path / "scrobbled.yaml"
    config.write_text(CONFIG.format(database=tmp_path / "s.db"))
    monkeypatch.setenv("SCROBBLED_CONFIG", str(config))
    asyncio.run(fill(tmp_path / "s.db"))
    return lambda *words: scrobbled("map", *words)


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """The services that the trackers of the configuration ask."""
    box = Sandbox(now=lambda: NOW)
    transport = httpx.ASGITransport(box)  # type: ignore[arg-type]
    build = service.build
    monkeypatch.setattr(service, "build", lambda *given, **more: build(*given, **more, transport=transport))
    return box


async def fill(path: Path) -> None:
    store = Store(path)
    for number in (13, 14):
        item = Episode("Harbour", 1, number, show_ids=ShowIds(tvdb=445_566) if number == 13 else ShowIds())
        ways = [Queued("trakt", PlayOutcome.UNMATCHED, "two fit"), Queued("serializd", PlayOutcome.HELD, "no date")]
        play = Play("anna", "plex", item, NOW)
        await store.write(lambda db, play=play, ways=ways: events.add_play(db, play, None, ways, NOW))
    await store.aclose()


@contextlib.contextmanager
def database(folder: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(folder / "s.db")) as db:
        yield db


def test_a_correction_is_set_listed_and_removed_and_says_what_it_applied_to(run: Command, tmp_path: Path) -> None:
    words = ("Harbour", "--season", "1", "--episodes", "13-24", "--to", "tmdb:202020")
    said = run("set", *words, "--to-season", "2", "--to-episode", "1")
    assert said.code == 0
    assert said.out.splitlines() == [
        "m1  Harbour S1 E13-24 is show tmdb:202020 S2 from E1",
        "2 waiting plays looked up anew:",
        "  c1  anna/trakt  Harbour S1 E13  p1",
        "  c3  anna/trakt  Harbour S1 E14  p2",
    ]
    with database(tmp_path) as db:
        states = [state for (state,) in db.execute("SELECT state FROM outbox ORDER BY id")]
        assert states == ["queued", "held", "queued", "held"]
    assert run("list").out == "m1  Harbour S1 E13-24 is show tmdb:202020 S2 from E1\n"
    said = run("remove", "m1")
    assert (said.code, said.out.splitlines()[0]) == (0, "Removed m1  Harbour S1 E13-24 is show tmdb:202020 S2 from E1")
    assert "No corrections" in run("list").out


def test_scripts_get_the_same_as_json(run: Command) -> None:
    done = run("set", "c1", "--to", "https://www.themoviedb.org/tv/202020-harbour", "--viewer", "anna", "--json").json
    assert done["replaced"] == []
    assert done["correction"] | {"set_at": ""} == {
        "id": "m1",
        "text": "Harbour is show tmdb:202020 (anna only)",
        "viewer": "anna",
        "media": "episode",
        "title": "Harbour",
        "year": None,
        "ids": {"tvdb": 445_566},
        "season": None,
        "episodes": "",
        "to": "show",
        "to_tmdb": 202_020,
        "to_season": None,
        "to_episode": None,
        "set_at": "",
    }
    assert [play["id"] for play in done["waiting"]] == ["c1", "c3"]
    assert done["waiting"][0] == {
        "id": "c1",
        "play_id": "p1",
        "viewer": "anna",
        "tracker": "trakt",
        "label": "Harbour S1 E13",
    }
    assert run("list", "--json").json == [done["correction"]]
    assert run("remove", "m1", "m9", "--json").json["missing"] == ["m9"]


def test_a_title_of_several_words_needs_no_quotes_and_a_later_word_replaces_an_earlier(run: Command) -> None:
    assert "Trailer Park is never sent" in run("set", "Trailer", "Park", "--ignore").out
    assert "2 waiting plays left out:" in run("set", "c1", "--ignore").out
    said = run("set", "trailer park", "--to", "tmdb:5")
    assert "It replaces m1." in said.out
    assert "No waiting play is affected" in said.out
    assert "Nothing that waits is affected." in run("remove", "m3").out


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        (("set", "Harbour"), "--to"),
        (("set", "Harbour", "--to", "harbour"), "tmdb:12345"),
        (("set", "--to", "tmdb:1"), "WHAT"),
        (("set", "Harbour", "--to", "tmdb:1", "--viewer", "carl"), "anna, ben"),
        (("set", "c99", "--to", "tmdb:1"), "no change c99"),
        (("set", "Harbour", "--to", "tmdb:1", "--season", "one"), "season"),
        (("remove", "Harbour"), "m3"),
        (("remove",), "ID"),
        (("test", "Harbour"), "season 2"),
        (("test", "Harbour", "1", "2", "--viewer", "carl"), "anna, ben"),
        (("test", "p99"), "no play p99"),
    ],
)
def test_what_is_typed_wrong_is_wrong_usage_and_changes_nothing(
    run: Command, tmp_path: Path, words: tuple[str, ...], advice: str
) -> None:
    said = run(*words)
    assert said.code == 2
    assert advice in " ".join(said.err.replace("│", " ").split())
    assert run("list", "--json").json == []


def test_what_is_not_there_cannot_be_removed(run: Command) -> None:
    said = run("remove", "m7")
    assert (said.code, "no correction m7" in said.err) == (1, True)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Harbour 2 5", ("Harbour", 2, 5)),
        ("Harbour Lights S02E05", ("Harbour Lights", 2, 5)),
        ("Harbour s2 e5", ("Harbour", 2, 5)),
        ("Harbour 2x5", ("Harbour", 2, 5)),
        ("24 1 3", ("24", 1, 3)),
        ("tvdb:445566 0 1", ("tvdb:445566", 0, 1)),
        ("Apollo 13", ("Apollo 13", None, None)),
        ("c12", ("c12", None, None)),
    ],
)
def test_season_and_number_are_read_however_they_are_written(text: str, found: tuple[Any, ...]) -> None:
    assert _split(text, movie=False, absolute=False) == found


def test_a_number_through_the_show_is_read_as_one() -> None:
    assert _split("Sea Anime 133", movie=False, absolute=True) == ("Sea Anime", None, 133)
    assert _split("Sea Anime 133", movie=True, absolute=True) == ("Sea Anime 133", None, None)


def test_a_trial_asks_every_tracker_of_everybody_and_changes_nothing(
    run: Command, sandbox: Sandbox, tmp_path: Path
) -> None:
    show = sandbox.world.shows[0]
    run("set", "Harbour", "--to", f"tmdb:{show.tmdb}", "--season", "1", "--to-season", "2", "--viewer", "anna")
    with database(tmp_path) as db:
        before = [list(db.execute(f"SELECT * FROM {table}")) for table in ("outbox", "plays", "corrections")]
    told = sandbox["serializd"].state()
    trials = {(t["viewer"], t["tracker"]): t for t in run("test", "Harbour", "1", "3", "--json").json}
    mine, trakt, bens = trials["anna", "serializd"], trials["anna", "trakt"], trials["ben", "serializd"]
    title = show.episode(2, 3).title
    assert mine["entry"] == f"show {show.tmdb} {show.title} S2 E3 {title}"
    assert (mine["verdict"], mine["correction"], mine["confidence"]) == ("found", "m1", "certain")
    assert mine["how"] == "show by your word, episode by its numbers"
    assert (trakt["verdict"], trakt["correction"]) == ("found", "m1")
    assert trakt["entry"].endswith(f"S2 E3 {title}")
    assert (bens["verdict"], bens["correction"]) == ("unmatched", None)
    assert sandbox["serializd"].state() == told
    with database(tmp_path) as db:
        assert before == [list(db.execute(f"SELECT * FROM {table}")) for table in ("outbox", "plays", "corrections")]


def test_a_trial_for_people_shows_what_fits_and_what_applies(run: Command, sandbox: Sandbox) -> None:
    show = sandbox.world.shows[0]
    said = run("test", show.title, "1", "99", "--viewer", "ben")
    assert said.code == 0
    assert said.out.splitlines()[0].startswith(f"ben/serializd: {show.title} S1 E99 unmatched: ")
    assert f"  perhaps {show.title}" in said.out
    assert f"tmdb:{show.tmdb}" in said.out
    run("set", show.title, "--to", f"tmdb:{show.tmdb}")
    lines = run("test", show.title, "S1E2", "--viewer", "anna").out.splitlines()
    assert lines[0].startswith(f"anna/serializd: {show.title} S1 E2 is show {show.tmdb} {show.title} S1 E2 ")
    assert lines[1] == "  correction m1 applies"
    assert run("test", "c1", "--viewer", "ben").out.startswith("ben/serializd: Harbour S1 E13 ")


def test_a_trial_of_a_film_says_where_films_are_not_taken(run: Command, sandbox: Sandbox) -> None:
    film = sandbox.world.movies[0]
    trials = run("test", "--movie", f"{film.title} ({film.year})", "--viewer", "anna", "--json").json
    assert {t["tracker"]: t["verdict"] for t in trials} == {"serializd": "unwanted", "trakt": "found"}
    run("set", film.title, "--movie", "--ignore")
    trials = run("test", "--movie", film.title, "--json").json
    assert {t["verdict"] for t in trials} == {"unwanted"}
    assert {t["reason"] for t in trials} == {"correction m1: ignored"}


def test_a_service_that_is_down_is_said_plainly(run: Command, sandbox: Sandbox) -> None:
    sandbox["serializd"].faults.start_outage()
    run("set", "Harbour", "--to", "tmdb:90000")
    said = run("test", "Harbour", "1", "1", "--viewer", "ben")
    assert said.code == 1
    assert said.out.startswith("ben/serializd: Harbour S1 E1 could not be asked: ")
