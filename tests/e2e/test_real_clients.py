"""The libraries that most scripts speak to Trakt with, unchanged, against the running service."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from e2e.harness import PLEX_TOKEN, Ledger, Service, Town, Viewing, just_now, serving
from scrobbled.web.trakt.reading import ACTIVITIES

CLIENTS = Path(sys.prefix) / "clients"
SCRIPTS = Path(__file__).parent / "clients"
ADDED, EXACTLY = "2026-05-02T21:05:00.000Z", "2026-05-02T21:05:30Z"
"""When the scripts say that something was watched, as Trakt keeps it and as Serializd does."""
SOURCES = {"plex": {"token": PLEX_TOKEN}, "trakt": {}}


def evening(service: Service, library: str, script: str, plan: dict[str, Any]) -> dict[str, Any]:
    """What the script understood, with its sign-in approved by a command beside the service."""
    folder = CLIENTS / library
    assert folder.is_dir(), f"{library} is not installed: run the tests with python3 .ci/dev.py test"
    quiet = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    client = subprocess.Popen(
        [sys.executable, "-u", str(SCRIPTS / script), json.dumps({"url": f"{service.url}/trakt", **plan})],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**quiet, "NO_PROXY": "*", "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    try:
        assert client.stdout is not None
        line = client.stdout.readline()
        assert f"{service.url}/activate" in line, (line, client.stderr and client.stderr.read())
        code = next(word for word in line.replace(",", " ").split() if len(word) == 8 and word.isupper())
        done = service.run("token", "approve", code, "--viewer", "anna")
        assert done.returncode == 0, done.stderr
        told, errors = client.communicate(timeout=360)
    finally:
        client.kill()
    assert client.returncode == 0, errors[-3000:]
    return json.loads(told.splitlines()[-1])  # type: ignore[no-any-return]


def film(town: Town, number: int) -> dict[str, Any]:
    movie = town.sandbox.world.movies[number]
    return {"title": movie.title, "year": movie.year, "ids": {"imdb": movie.imdb, "tmdb": movie.tmdb}}


def arrived(rows: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """What a tracker holds; the time of what was scrobbled a moment ago is left out, that of what was added is not."""
    return sorted((title, at if at.startswith("2026-05-02") else "now") for title, at in rows)


def test_pytrakt_signs_in_scrobbles_and_understands_every_answer(tmp_path: Path) -> None:
    with Town() as town, serving(tmp_path, town, sources=SOURCES) as service:
        show, other_show = town.sandbox.world.shows[:2]
        place = {"show": show.title, "season": 1, "number": 1, "ids": {"trakt": show.episode(1, 1).trakt}}
        movie, other = film(town, 0), film(town, 1)
        plex = town.sandbox["plex"].library.find(other_show.episode(1, 2).rating_key)
        service.watch(Ledger(), Viewing(plex, just_now()))
        plan = {"movie": movie, "other": other, "episode": place, "store": str(tmp_path / "pytrakt.json")}
        told = evening(service, "pytrakt", "speaks_pytrakt.py", plan)
        service.settled()
        episodes = [(f"{show.title} S1E1", ADDED), (f"{show.title} S1E1", "now"), (f"{other_show.title} S1E2", "now")]
        assert arrived(town.serializd()) == sorted((title, at.replace(ADDED, EXACTLY)) for title, at in episodes)
        assert arrived(town.trakt()) == sorted([*episodes, (movie["title"], "now"), (other["title"], ADDED)])
    assert told == {
        "settings": "anna",
        "me": ["anna", "anna"],
        "watching": ["Movie", movie["title"], "Unknown", 0, 0],  # of an episode pytrakt tells nothing but Trakt's id
        "paused": ["pause", 0, 42.5, "movie", movie["title"], movie["ids"]["imdb"]],
        "stopped": ["scrobble", 95.0, movie["title"]],
        "resumes": 0,
        "again": "ConflictException",
        "unknown": "NotFoundException",
        "seen": [{"movies": 1, "episodes": 0}, {"movies": 0, "episodes": 0}, {"movies": 0, "episodes": 1}],
        "unseen": [{"movies": 0, "episodes": 0}, 1],
        "collected": {"movies": 0, "shows": 0, "seasons": 0, "episodes": 0},
        "rated": [1, 9, "2026-05-02T21:05:30.000Z", movie["title"]],
        "movies": sorted([[movie["title"], 1], [f"imdb {other['ids']['imdb']}", 1]]),
        "watched": sorted([movie["title"], f"imdb {other['ids']['imdb']}"]),
        "shows": [[other_show.title, 1]],
        "progress": [other_show.title],
        "empty": [[], [], [], []],
    }


def test_trakt_py_signs_in_renews_scrobbles_and_understands_every_answer(tmp_path: Path) -> None:
    with Town() as town, serving(tmp_path, town, sources=SOURCES) as service:
        world = town.sandbox.world.shows[1]
        show = {"title": world.title, "year": world.year, "ids": {"tvdb": world.tvdb}}
        movie, other = film(town, 0), film(town, 1)
        plan = {"movie": movie, "other": other, "show": show, "episode": {"season": 1, "number": 1}}
        told = evening(service, "trakt-py", "speaks_trakt_py.py", plan)
        service.settled()
        episodes = [(f"{world.title} S1E1", "now"), (f"{world.title} S1E2", ADDED)]
        assert arrived(town.serializd()) == sorted((title, at.replace(ADDED, EXACTLY)) for title, at in episodes)
        assert arrived(town.trakt()) == sorted([*episodes, (movie["title"], "now"), (other["title"], ADDED)])
    assert told.pop("settings").items() >= {"username": "anna", "ids": {"slug": "anna"}}.items()
    assert told.pop("activities") == sorted(["all", *ACTIVITIES])
    scrobbled = [["Episode", f"{world.title} (1, 1)", "scrobble"], ["Movie", movie["title"], "scrobble"]]
    by_hand = [["Episode", f"{world.title} (1, 2)", "watch"], ["Movie", other["title"], "watch"]]
    assert told == {
        "refresh": ["bearer", True, 400, 429, 401, 1],
        "actions": ["start", "pause", "pause", "scrobble", 409],
        "told": [movie["title"], world.title, 1],
        "points": [[[42.5, movie["title"], True]], [[world.title, [1, 1], 30.0]]],
        "deleted": [True, 0],
        "added": [{"movies": 1, "episodes": 1}, {"movies": 0, "episodes": 0}, [{"title": ""}]],
        "removed": [{"movies": 0, "episodes": 0}, 1],
        "rated": [{"movies": 1, "shows": 1, "seasons": 1, "episodes": 0}, [["Movie", 8], ["Season", 6], ["Show", 7]]],
        "film": [movie["title"], movie["year"], 8, "2026-05-02 21:05:30+00:00", movie["ids"]["imdb"]],
        "unrated": [1, ["Movie", "Season"]],
        "movies": sorted([[movie["title"], 1, True], [other["title"], 1, True]]),
        "shows": [[world.title, [[1, 1, 1], [1, 2, 1]]]],
        "history": [2, 4, sorted([*scrobbled, *by_hand])],
        "dates": True,
        "recent": scrobbled,
        "of_movies": sorted([movie["title"], other["title"]]),
        "of_users": 4,
        "moved": [True, True],
        "empty": [{}, [], {}],
    }
