"""The two ways out, JSON and pages, let no secret through, whichever route it is and whoever forgot to think of it."""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from pairing import Pairing, later, pairing
from scrobbled.web import app, templating
from scrobbled.web.door import masking
from scrobbled.web.door.gate import Gate

SECRET = "learned-only-later-5521"
PROSE = {
    "accounts": ("reason",),
    "alerts": ("text", "title"),
    "attempts": ("detail",),
    "clients": ("name",),
    "corrections": ("title",),
    "events": ("reason", "account", "label"),
    "outbox": ("reason", "how", "address_key"),
    "plays": ("label",),
    "runs": ("reason", "shown"),
    "wall": ("text",),
}
"""Columns that hold what others wrote; the secret is put at the end of each."""
TITLES = {"plays": "item", "subjects": "item", "works": "facts"}
GIVEN = {"play_id": "p1", "event_id": "e1", "run_id": "r1", "tile": "p1", "source": "plex", "tracker": "trakt"}
GIVEN |= {"viewer": "anna", "about": "p1"}
WANTED = {
    "/api/v1/explain/x1": "/api/v1/explain/p1",
    "/api/v1/corrections/test": "/api/v1/corrections/test?what=p1",
    "/api/v1/search": "/api/v1/search?q=harbour",
    "/api/v1/matches/x1": "/api/v1/matches/p1",
    "/correct/x1": "/correct/p1",
    "/settings/x1": "/settings/counts",
    "/settings/x1/x1": "/settings/people/0",
}
WHOLE = {
    "help/api.html": {"call.body", "call.answer"},
    "settings/fields.html": {"node.value", 'node.values | join("\\n")', "option.value"},
    "settings/text.html": {"yaml"},
}
"""What goes on a page as it is: examples of ours, what a form sends back, and the file without its secrets."""


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Pairing]:
    """A pair with a run, a play that was delivered and one that was not, and a secret in all that is stored of them."""
    async with pairing(tmp_path) as two:
        two.on_trakt(0, 1, 1), two.on_serializd(0, 1, 2, later(1))
        await two.sync()
        await two.runtime.store.write(_planted)
        two.runtime.redactor.add(SECRET)
        yield two


def _planted(db: Any) -> None:
    for kind, account in (("accepted", "anna"), ("unclaimed", "eve")):
        db.execute(
            "INSERT INTO events (source, received_at, outcome, reason, account, label) VALUES ('plex',?,?,'',?,'It')",
            (later(1).timestamp(), kind, account),
        )
    db.execute("UPDATE plays SET event_id = 1 WHERE id = 1")
    db.execute("UPDATE outbox SET state = 'unmatched', reason = '' WHERE id = 1")
    db.execute("INSERT INTO clients (kind, name, hash, created_at, scope) VALUES ('api', 'script', 'x', 5, 'read')")
    db.execute("INSERT INTO corrections (media, title, ids, target, set_at) VALUES ('movie', 'It', '{}', 'ignore', 5)")
    db.execute("INSERT OR REPLACE INTO accounts VALUES ('anna', 'trakt', 'sign-in', 'the token ended', 5, NULL)")
    for table, columns in PROSE.items():
        for column in columns:
            db.execute(f"UPDATE {table} SET {column} = coalesce({column}, '') || ' {SECRET}'")
    for table, column in TITLES.items():
        for name in ("show_title", "title"):
            changed = f'replace({column}, \'"{name}":"\', \'"{name}":"{SECRET} \')'
            db.execute(f"UPDATE {table} SET {column} = {changed}")


async def _ways(built: Gate) -> list[str]:
    """What can be asked for without changing anything; streams, which never end, are left out."""
    routes = [route for part in (built.people, built.programs) for route in (await part.built()).routes]
    paths = [route.path for route in routes if "GET" in getattr(route, "methods", ()) and "live" not in route.path]
    filled = [re.sub(r"\{(\w+)[^}]*\}", lambda found: GIVEN.get(found[1], "x1"), path) for path in paths]
    whole = [WANTED.get(path, path) for path in filled]
    return [*whole, *(f"{path}?fragment=1" for path in whole if "/api/" not in path and "?" not in path)]


async def _tells(two: Pairing) -> list[str]:
    """The ways by which the secret comes out."""
    built = app.create_app(two.runtime)
    transport = httpx.ASGITransport(built, client=("127.0.0.1", 40_000))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8484") as browser:
        answers = {way: await browser.get(way) for way in await _ways(built)}
    return [way for way, answer in answers.items() if SECRET in answer.text]


async def test_no_route_tells_a_secret_that_is_stored(home: Pairing) -> None:
    assert await _tells(home) == []


async def test_without_the_doors_many_would(home: Pairing, monkeypatch: pytest.MonkeyPatch) -> None:
    async def as_it_is(response: Any) -> Any:
        return response

    monkeypatch.setattr(masking, "answers", lambda redactor: as_it_is)
    assert len(ways := [way for way in await _tells(home) if "/api/" in way]) >= 12, ways
    monkeypatch.setattr(templating, "environment", lambda *given, make=templating.environment: _open(make(*given)))
    assert len(ways := [way for way in await _tells(home) if "/api/" not in way]) >= 12, ways


def _open(environment: Any) -> Any:
    environment.finalize = None
    environment.bytecode_cache = None
    return environment


async def test_nobody_has_a_door_of_their_own(home: Pairing) -> None:
    built = app.create_app(home.runtime)
    handlers = [handler for part in (built.people, built.programs) for handler in _handlers(await part.built())]
    assert len(handlers) > 150
    for layers in (handler.ownership_layers for handler in handlers):
        assert [layer.after_request is not None for layer in layers] == [True, *[False] * (len(layers) - 1)]


def _handlers(part: Any) -> Iterator[Any]:
    for route in part.routes:
        yield from getattr(route, "route_handlers", ())


def test_what_goes_on_a_page_as_it_is_is_listed_here() -> None:
    found: dict[str, set[str]] = {}
    templates = Path(templating.__file__).parent / "templates"
    for path in sorted(templates.rglob("*.html")):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\|\s*safe|autoescape|Markup", text), path.name
        for shown in re.findall(r"\{\{ ([^{}]+?) \| whole \}\}", text):
            found.setdefault(path.relative_to(templates).as_posix(), set()).add(shown)
    assert found == WHOLE
