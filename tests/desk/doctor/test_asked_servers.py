"""Doctor tells how asking media servers goes, as the running service last saw it."""

import asyncio
from pathlib import Path

import pytest

from desk.doctor.clinic import Clinic
from scrobbled.core.words.checks import Check, CheckVerdict
from scrobbled.desk.doctor.servers import servers
from scrobbled.desk.doctor.sources import sources
from scrobbled.store import Store
from scrobbled.store.inbox import cursors
from scrobbled.store.inbox.cursors import ServerState


@pytest.fixture
def clinic(tmp_path: Path) -> Clinic:
    return Clinic(tmp_path)


def looked(clinic: Clinic, *told: ServerState, **changes: object) -> dict[str, Check]:
    clinic.settings["sources"]["plex"] |= changes

    async def run() -> list[Check]:
        store = Store(clinic.database)
        for one in told:
            await store.write(lambda db, one=one: cursors.save_state(db, one))  # type: ignore[misc]
        await store.aclose()
        return await servers(clinic.patient())

    return {check.name: check for check in asyncio.run(run())}


def state(way: str, word: str, reason: str = "") -> ServerState:
    return ServerState("plex", way, word, reason, 0.0)


def test_before_the_service_has_tried_it_nothing_is_known(clinic: Clinic) -> None:
    assert looked(clinic)["plex poll"].state is CheckVerdict.SKIPPED


def test_without_a_database_nothing_is_known_either(clinic: Clinic) -> None:
    assert [check.state for check in asyncio.run(servers(clinic.patient()))] == [CheckVerdict.SKIPPED]


def test_a_server_that_answers_is_in_order(clinic: Clinic) -> None:
    found = looked(clinic, state("poll", "ok"), state("live", "ok", "It has no event source."), mode="both")
    assert {name: check.state for name, check in found.items()} == {
        "plex poll": CheckVerdict.OK,
        "plex live": CheckVerdict.OK,
    }
    assert found["plex live"].text == "It has no event source."


@pytest.mark.parametrize("word", ["down", "sign-in", "drift"])
def test_a_server_that_does_not_is_a_warning_with_the_reason(clinic: Clinic, word: str) -> None:
    since = clinic.clock.now().timestamp() - 3 * 3600
    check = looked(clinic, ServerState("plex", "poll", word, "nas cannot be reached", since))["plex poll"]
    assert check.state is CheckVerdict.WARNING
    assert check.text == "nas cannot be reached. It began 3 h ago."


def test_what_is_switched_off_or_not_configured_is_told(clinic: Clinic) -> None:
    assert "Switched off" in looked(clinic, catch_up="off")["plex poll"].text
    del clinic.settings["sources"]["plex"]["server_token"]
    assert "no server_token" in looked(clinic)["plex poll"].text


def test_kodi_is_listened_to_and_has_no_list_to_be_asked_for(clinic: Clinic) -> None:
    clinic.settings["sources"] = {"kodi": {"mode": "live", "url": "ws://kodi.home.example:9090"}}
    clinic.settings["viewers"][0]["accounts"] = {"kodi": "me"}

    async def run() -> list[Check]:
        store = Store(clinic.database)
        await store.write(lambda db: cursors.save_state(db, ServerState("kodi", "live", "down", "Kodi is off", 0.0)))
        await store.aclose()
        return [*await servers(clinic.patient()), *await sources(clinic.patient())]

    live, silent = asyncio.run(run())
    assert (live.name, live.state) == ("kodi live", CheckVerdict.WARNING)
    assert (silent.name, silent.next_step) == ("source kodi", "See the check kodi live. Then watch something.")
