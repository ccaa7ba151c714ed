"""Players that speak to Trakt: what they tell becomes plays, and is answered as Trakt answers."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from scrobbled.core.errors import StoreError
from scrobbled.desk.sign_in.keys import Keys
from scrobbled.store.inbox.bodies import unpacked
from web.house import SETTINGS, House
from web.trakt_setup import ANNAS, BENS, FILM, SHARED, STOP, ask, events, playing, plays

NOW = 1_794_686_400
"""20:00 on 14 November 2026, when the clock of the tests begins."""


def test_a_viewing_is_answered_step_by_step_and_becomes_one_play(tmp_path: Path) -> None:
    async def steps() -> None:
        async with playing(tmp_path) as there:
            start = await ask(there, "/scrobble/start", {**STOP, "progress": 0})
            there.clock.advance(1200)
            pause = await ask(there, "/scrobble/pause", {**STOP, "progress": 42.5, "app_version": "1", "x": [None]})
            there.clock.advance(1200)
            stop = await ask(there, "/scrobble/stop", {**STOP, "progress": "91.5"})
            assert [answer.status_code for answer in (start, pause, stop)] == [201] * 3
            assert [answer.json()["action"] for answer in (start, pause, stop)] == ["start", "pause", "scrobble"]
            assert [answer.json()["progress"] for answer in (start, pause, stop)] == [0.0, 42.5, 91.5]
            assert [answer.json()["id"] for answer in (start, pause, stop)] == [0, 0, 1]
            assert stop.json()["show"]["title"] == "Harbour"
            assert stop.json()["show"]["ids"]["tmdb"] == 202020
            assert stop.json()["episode"]["number"] == 4
            assert stop.json()["episode"]["title"], "Kodi shows it"
            assert await plays(there) == [("anna", "Harbour S2 E4", NOW + 2400)]
            metrics = (await there.runtime.vitals.scrape()).decode()
            assert 'scrobbled_events_total{outcome="accepted",source="trakt"} 3.0' in metrics
            assert 'scrobbled_event_ack_seconds_count{source="trakt"} 3.0' in metrics

    asyncio.run(steps())


@pytest.mark.parametrize(
    ("action", "progress", "status", "meaning"),
    [
        ("start", 0, 201, "start"),
        ("start", None, 201, "start"),
        ("start", 99, 201, "start"),
        ("start", "nonsense", 201, "start"),
        ("pause", 0.99, 422, None),
        ("pause", 1, 201, "pause"),
        ("pause", 79.99, 201, "pause"),
        ("pause", 80, 422, None),
        ("pause", None, 422, None),
        ("stop", 0, 422, None),
        ("stop", -5, 422, None),
        ("stop", None, 422, None),
        ("stop", "", 422, None),
        ("stop", 1, 201, "pause"),
        ("stop", 79.9, 201, "pause"),
        ("stop", 80, 201, "scrobble"),
        ("stop", 250, 201, "scrobble"),
    ],
)
def test_progress_decides_what_a_call_means(
    tmp_path: Path, action: str, progress: Any, status: int, meaning: str | None
) -> None:
    async def steps() -> None:
        async with playing(tmp_path) as there:
            answer = await ask(there, f"/scrobble/{action}", {**FILM, "progress": progress})
            assert answer.status_code == status
            if meaning:
                assert answer.json()["action"] == meaning
                assert 0 <= answer.json()["progress"] <= 100
            assert len(await plays(there)) == (meaning == "scrobble")

    asyncio.run(steps())


@pytest.mark.parametrize(("source", "viewer", "counts_at"), [(None, None, 80), (95, None, 95), (95, 70, 70)])
def test_another_threshold_counts_where_one_is_set(
    tmp_path: Path, source: int | None, viewer: int | None, counts_at: int
) -> None:
    """The one in ``defaults`` is for sources whose protocol has none."""

    async def steps() -> None:
        entry: dict[str, Any] = {"tokens": {"anna": ANNAS}, **({"threshold": f"{source}%"} if source else {})}
        anna = {**SETTINGS["viewers"][0], "accounts": {}, **({"threshold": f"{viewer}%"} if viewer else {})}
        settings: dict[str, Any] = {"sources": {"trakt": entry}, "viewers": [anna], "defaults": {"threshold": "90%"}}
        async with playing(tmp_path, **settings) as there:
            below = await ask(there, "/scrobble/stop", {**FILM, "progress": counts_at - 0.1})
            assert (below.json()["action"], await plays(there)) == ("pause", [])
            reached = await ask(there, "/scrobble/stop", {**FILM, "progress": counts_at})
            assert reached.json()["action"] == "scrobble"
            assert len(await plays(there)) == 1

    asyncio.run(steps())


def test_a_repeated_stop_is_told_since_when_it_is_a_play(tmp_path: Path) -> None:
    async def steps() -> None:
        async with playing(tmp_path) as there:
            first = await ask(there, "/scrobble/stop", {**FILM, "progress": 95})
            there.clock.advance(71 * 60)
            again = await ask(there, "/scrobble/stop", {**FILM, "progress": 96})
            there.clock.advance(60)
            second = await ask(there, "/scrobble/stop", {**FILM, "progress": 97})
            assert [answer.status_code for answer in (first, again, second)] == [201, 409, 201]
            assert again.json() == {"watched_at": "2026-11-14T20:00:00.000Z", "expires_at": "2026-11-14T21:12:00.000Z"}
            assert len(await plays(there)) == 2, "a film of unknown length lasts at least 72 minutes"

    asyncio.run(steps())


def test_a_check_in_is_a_play_at_once_and_stays_one(tmp_path: Path) -> None:
    async def steps() -> None:
        async with playing(tmp_path) as there:
            body = {**FILM, "sharing": {"twitter": False}, "message": "hi", "app_version": "1.0"}
            done = await ask(there, "/checkin", body)
            assert done.status_code == 201
            assert done.json()["watched_at"] == "2026-11-14T20:00:00.000Z"
            assert done.json()["movie"]["title"] == "Salt Flats"
            again = await ask(there, "/checkin", body)
            assert again.status_code == 409
            assert "expires_at" in again.json()
            gone = await ask(there, "/checkin", method="DELETE")
            assert (gone.status_code, gone.content) == (204, b"")
            assert await plays(there) == [("anna", "Salt Flats (2023)", NOW)]

    asyncio.run(steps())


@pytest.mark.parametrize("path", ["/scrobble/stop", "/scrobble/start", "/checkin"])
def test_what_names_nothing_is_not_found_and_what_cannot_be_read_is_kept(tmp_path: Path, path: str) -> None:
    async def steps() -> None:
        async with playing(tmp_path) as there:
            for nothing in ({"progress": 90}, {"movie": {"ids": {"tmdb": 0}}}, {"movie": None, "show": {"title": "X"}}):
                answer = await ask(there, path, nothing)
                assert (answer.status_code, answer.content) == (404, b"")
            for broken in (b"{", b"[1]", b"null", b"\xff\xfe", b'"x"', b"[" * 1000):
                assert (await ask(there, path, broken)).status_code == 400
            booked = await events(there)
            assert booked[:3] == [("ignored", "unwanted")] * 3
            assert booked[3:] == [(None, "unreadable")] * 6
            assert await plays(there) == []
            async with there.client() as browser:
                page = (await browser.get("/events/e4")).text
            assert "A message from a player that speaks to Trakt" in page, "no tracker told anything"

    asyncio.run(steps())


def test_content_types_and_trailing_slashes_do_not_matter(tmp_path: Path) -> None:
    async def steps() -> None:
        async with playing(tmp_path) as there:
            body = json.dumps({**STOP, "progress": 10})
            for kind in (
                "application/json; charset=utf-8",
                "text/plain",
                "application/x-www-form-urlencoded",
                "nonsense",
            ):
                answer = await ask(there, "/scrobble/start/", body, headers={"Content-Type": kind})
                assert answer.status_code == 201, kind
            assert (await ask(there, "/scrobble/start", body, headers={"Content-Type": ""})).status_code == 201

    asyncio.run(steps())


def test_a_body_that_is_too_large_is_refused_and_others_are_not_answered(tmp_path: Path) -> None:
    async def steps() -> None:
        async with playing(tmp_path) as there:
            assert (await ask(there, "/scrobble/stop", b" " * (1024 * 1024 + 1))).status_code == 413
            for path, method in (("/scrobble/rewind", "POST"), ("/nothing/there", "GET"), ("", "GET")):
                answer = await ask(there, path, {} if method == "POST" else None, method=method)
                assert (answer.status_code, answer.content) == (404, b""), path
            assert (await ask(there, "/scrobble/stop", method="GET")).status_code == 405

    asyncio.run(steps())


def test_a_full_disk_is_told_so_that_the_client_comes_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def steps() -> None:
        async with playing(tmp_path) as there:

            async def full(*_: Any) -> Any:
                raise StoreError("the disk is full")

            monkeypatch.setattr(there.runtime.ingest, "take", full)
            answer = await ask(there, "/scrobble/stop", {**STOP, "progress": 90})
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")

    asyncio.run(steps())


# Whose it is


@pytest.mark.parametrize("token", [None, "", "wrong", ANNAS[:-1], ANNAS + "x", "ä" * 30])
def test_a_wrong_token_is_answered_so_that_clients_renew_theirs(tmp_path: Path, token: str | None) -> None:
    async def steps() -> None:
        async with playing(tmp_path) as there:
            headers = {} if token is None else {"Authorization": f"Bearer {token}".encode()}
            answer = await ask(there, "/scrobble/stop", {**STOP, "progress": 90}, token=None, headers=headers)
            assert (answer.status_code, answer.json()) == (401, {})
            assert await events(there) == []

    asyncio.run(steps())


def test_each_token_is_for_its_viewer(tmp_path: Path) -> None:
    async def steps() -> None:
        async with playing(tmp_path) as there:
            for number, token in enumerate((ANNAS, BENS, SHARED), start=1):
                body = {"show": STOP["show"], "episode": {"season": 1, "number": number}, "progress": 90}
                assert (await ask(there, "/scrobble/stop", body, token=token)).status_code == 201
            assert [(viewer, label) for viewer, label, _ in await plays(there)] == [
                ("anna", "Harbour S1 E1"),
                ("ben", "Harbour S1 E2"),
                ("anna", "Harbour S1 E3"),
            ]

    asyncio.run(steps())


@pytest.mark.parametrize("listing", [[], ["anna", "ben"]])
def test_a_shared_token_of_nobody_or_of_several_is_kept_until_somebody_claims_it(
    tmp_path: Path, listing: list[str]
) -> None:
    async def steps() -> None:
        viewers = [{"name": name, "accounts": {"trakt": "me"} if name in listing else {}} for name in ("anna", "ben")]
        async with playing(tmp_path, viewers=viewers) as there:
            answer = await ask(there, "/scrobble/stop", {**STOP, "progress": 90}, token=SHARED)
            assert (answer.status_code, answer.json()["id"]) == (201, 0)
            ((outcome, reason),) = await there.sql("SELECT outcome, reason FROM events")
            assert outcome == "unclaimed"
            assert "list trakt under accounts of exactly one viewer" in reason
            await claimed_by_anna(there)
            assert [viewer for viewer, _, _ in await plays(there)] == ["anna"]

    async def claimed_by_anna(there: House) -> None:
        from dataclasses import replace

        config = there.runtime.config
        viewers = tuple(
            replace(viewer, accounts={"trakt": ("me",)} if viewer.name == "anna" else {}) for viewer in config.viewers
        )
        await there.runtime.reload(replace(config, viewers=viewers))

    asyncio.run(steps())


def test_nobody_can_say_whose_viewing_it_is_but_the_token(tmp_path: Path) -> None:
    """Not in the body, and not through the address that media servers report to."""

    async def steps() -> None:
        async with playing(tmp_path) as there:
            body = {**STOP, "progress": 90, "viewer": "anna", "call": "scrobble/stop", "body": {**FILM, "progress": 90}}
            await ask(there, "/scrobble/stop", body, token=BENS)
            assert [viewer for viewer, _, _ in await plays(there)] == ["ben"]
            async with there.client("172.18.0.9") as client:
                forged = {"call": "scrobble/stop", "viewer": "anna", "body": {**FILM, "progress": 90}}
                answer = await client.post(f"/webhooks/trakt/{SHARED}", json=forged)
            assert answer.status_code == 404
            assert len(await plays(there)) == 1

    asyncio.run(steps())


def test_without_the_source_and_without_a_token_there_is_no_endpoint(tmp_path: Path) -> None:
    async def steps() -> None:
        async with playing(tmp_path, sources=SETTINGS["sources"], viewers=[{"name": "ben"}]) as there:
            for path in ("/scrobble/stop", "/checkin", "/oauth/device/code", "/oauth/token"):
                answer = await ask(there, path, {**STOP, "progress": 90})
                assert (answer.status_code, answer.content) == (404, b""), path
            made = await Keys(there.runtime).create("script", "ben")
            assert (await ask(there, "/scrobble/stop", {**STOP, "progress": 90}, made.secret)).status_code == 201
            assert [viewer for viewer, _, _ in await plays(there)] == ["ben"]
            assert (await ask(there, "/scrobble/stop", {}, "wrong")).status_code == 401

    asyncio.run(steps())


def test_another_configuration_counts_from_the_next_call_on(tmp_path: Path) -> None:
    async def steps() -> None:
        from dataclasses import replace

        async with playing(tmp_path) as there:
            made = await Keys(there.runtime).create("script", "ben")
            config = there.runtime.config
            source = replace(config.sources["trakt"], token="another-shared-token-9", tokens={})
            await there.runtime.reload(replace(config, sources={"trakt": source}, viewers=config.viewers[:1]))
            for token in (ANNAS, BENS, SHARED, made.secret):
                assert (await ask(there, "/scrobble/start", STOP, token)).status_code == 401, "ben is gone as well"
            assert (await ask(there, "/scrobble/start", STOP, "another-shared-token-9")).status_code == 201

    asyncio.run(steps())


def test_libraries_and_server_lists_are_no_matter_of_players(tmp_path: Path) -> None:
    async def steps() -> None:
        anna = {**SETTINGS["viewers"][0], "accounts": {}, "libraries": ["TV"]}
        trakt = {"tokens": {"anna": ANNAS}, "servers": ["x"], "libraries": ["Films"]}
        async with playing(tmp_path, sources={"trakt": trakt}, viewers=[anna]) as there:
            await ask(there, "/scrobble/stop", {**STOP, "progress": 90})
            assert len(await plays(there)) == 1

    asyncio.run(steps())


# Where to go on


def test_where_it_was_paused_is_remembered_until_it_goes_on(tmp_path: Path) -> None:
    async def steps() -> None:
        async with playing(tmp_path) as there:

            async def resumes() -> list[tuple[str, float]]:
                return [tuple(row) for row in await there.sql("SELECT viewer, progress FROM resumes")]  # type: ignore[misc]

            await ask(there, "/scrobble/pause", {**STOP, "progress": 20})
            assert await resumes() == [("anna", 20.0)]
            await ask(there, "/scrobble/stop", {**STOP, "progress": 30})
            assert await resumes() == [("anna", 30.0)]
            await ask(there, "/scrobble/start", {**STOP, "progress": 30})
            assert await resumes() == []
            await ask(there, "/scrobble/pause", {**STOP, "progress": 50})
            await ask(there, "/scrobble/stop", {**STOP, "progress": 95})
            assert await resumes() == []

    asyncio.run(steps())


@pytest.mark.parametrize("pass_on", [True, False])
def test_what_plays_is_passed_on_where_the_viewer_wants_it(tmp_path: Path, pass_on: bool) -> None:
    async def steps() -> None:
        sources = {"trakt": {"tokens": {"anna": ANNAS}, "pass_on": pass_on}}
        async with playing(tmp_path, sources=sources) as there:
            told: list[tuple[Any, ...]] = []
            there.runtime.teller.tell = lambda *news: told.append(news)  # type: ignore[method-assign]
            for action, progress in (("start", 0), ("pause", 30), ("start", 30), ("stop", 60), ("stop", 90)):
                await ask(there, f"/scrobble/{action}", {**FILM, "progress": progress})
            shown = [(viewers, action, percent) for viewers, action, _, percent in told]
            expected = [("start", 0.0), ("pause", 30.0), ("start", 30.0), ("pause", 60.0)]
            assert shown == ([(("anna",), *news) for news in expected] if pass_on else []), "a stop never is"

    asyncio.run(steps())


def _bodies(db: Any) -> list[str]:
    rows = db.execute("SELECT raw, stem_id FROM events ORDER BY id").fetchall()
    return [unpacked(db, raw, stem) for raw, stem in rows]


def test_no_token_is_ever_stored_or_logged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def steps() -> None:
        async with playing(tmp_path) as there:
            made = await Keys(there.runtime).create("script", "anna")
            for token in (ANNAS, made.secret):
                body = {**STOP, "progress": 90, "note": f"Bearer {token}", "token": token}
                await ask(there, "/scrobble/stop", body, token)
            await ask(there, "/scrobble/stop", f"{{broken {made.secret}", made.secret)
            told = await there.runtime.store.read(lambda db: list(db.iterdump()))
            bodies = await there.runtime.store.read(_bodies)
            assert len(bodies) == 3
            everything = "\n".join([*told, *bodies])
            for secret in (ANNAS, made.secret):
                assert secret not in everything
                assert secret.encode() not in (tmp_path / "scrobbled.db").read_bytes()
            captured = capsys.readouterr()
            assert made.secret not in captured.out + captured.err

    asyncio.run(steps())
