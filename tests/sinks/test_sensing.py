"""A whole service and what Home Assistant is shown of it."""

from pathlib import Path

from scrobbled.core.errors import LoginNeeded
from scrobbled.desk.desk import Desk
from scrobbled.desk.home_assistant import look, sensing
from scrobbled.sandbox.plex.people import BEN
from sinks.broker import FakeBroker
from web.house import house

SECRET = "a-title-that-is-a-secret-77"


async def test_the_last_play_is_the_one_that_was_watched_last(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        assert (await look(home.runtime)).last is None
        await home.webhook(item=home.episode(1, 1))
        home.clock.advance(3600)
        await home.webhook(item=home.episode(1, 2))
        facts = await look(home.runtime)
        assert facts.last is not None
        assert "S1 E2" in facts.last.label
        assert (facts.last.viewer, facts.last.source, facts.last.media) == ("anna", "plex", "episode")
        assert facts.last.outcomes == {"serializd": "queued"}
        assert facts.queue == {"serializd": 2}


async def test_an_account_that_does_not_work_is_a_tracker_problem_with_its_reason(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        (courier,) = home.runtime.couriers.values()
        await courier.health.trouble(LoginNeeded("sign in again"), 0.0, lambda: 0.5)
        facts = await look(home.runtime)
        assert [(one.viewer, one.tracker, one.state) for one in facts.troubled] == [("anna", "serializd", "sign-in")]
        assert facts.troubled[0].reason == "sign in again"
        assert facts.questions == await Desk(home.runtime).needs.number() == 1
        assert facts.house is not None
        assert facts.house == (await Desk(home.runtime).status()).house
        assert (facts.house.code, facts.house.text) == ("asks", "1 thing needs you")


async def test_as_many_questions_are_counted_as_the_page_asks(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        desk = Desk(home.runtime)
        await home.webhook(account=BEN)
        assert (await look(home.runtime)).questions == await desk.needs.number() == 1


async def test_no_secret_leaves(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        home.runtime.redactor.add(SECRET)
        await home.webhook(grandparentTitle=SECRET)
        assert SECRET not in repr(await look(home.runtime))


async def test_a_running_service_tells_a_broker_by_itself_and_shows_how_that_goes(tmp_path: Path) -> None:
    async with (
        FakeBroker().running() as broker,
        house(tmp_path, sinks={"mqtt": {"url": broker.url}}) as home,
        sensing(home.runtime, {}) as sensors,
    ):
        await broker.until(lambda: "scrobbled/state" in broker.retained)
        await home.webhook()
        await broker.until(lambda: broker.json("scrobbled/state")["queue"]["changes"] == 1)
        assert sensors.state == "ok"
        parts = {part.name: part.state for part in await home.runtime.vitals.components()}
        assert parts["sensors"] == "ok"
        assert b"\nscrobbled_mqtt_connected 1.0\n" in await home.runtime.vitals.scrape()


async def test_where_nothing_is_told_nothing_is_shown_of_it(tmp_path: Path) -> None:
    async with house(tmp_path) as home, sensing(home.runtime, {}):
        parts = {part.name for part in await home.runtime.vitals.components()}
        assert "sensors" not in parts
        assert b"\nscrobbled_mqtt_connected " not in await home.runtime.vitals.scrape()
