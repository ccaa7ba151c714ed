"""The broker of the sensors, as the doctor sees it."""

from pathlib import Path

from desk.doctor.clinic import Clinic
from scrobbled.core.words.checks import Check, CheckVerdict
from scrobbled.desk.doctor.broker import broker
from sinks.broker import FakeBroker
from sinks.test_sensors import BELOW, OFFER, FakeSupervisor


async def checked(clinic: Clinic, **environ: str) -> list[Check]:
    return await broker(clinic.patient(environ))


async def test_without_a_broker_there_is_nothing_to_say(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path)
    assert await checked(clinic) == []
    clinic.transport = FakeSupervisor()
    (found,) = await checked(clinic, **BELOW)
    assert found.state is CheckVerdict.SKIPPED
    clinic.settings["sinks"] = {"mqtt": {"enabled": False}}
    assert await checked(clinic, **BELOW) == []


async def test_the_one_of_home_assistant_is_tried(tmp_path: Path) -> None:
    async with FakeBroker(password="of-the-supervisor-1").running() as mosquitto:
        clinic = Clinic(tmp_path)
        clinic.transport = FakeSupervisor({**OFFER, "port": mosquitto.port})
        (found,) = await checked(clinic, **BELOW)
        assert found.state is CheckVerdict.OK
        assert [one.client for one in mosquitto.visitors] == ["scrobbled-doctor"]
        assert mosquitto.heard == []


async def test_one_that_refuses_or_is_away_is_told_with_what_to_do(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path)
    async with FakeBroker(password="right-password-1").running() as mosquitto:
        clinic.settings["sinks"] = {"mqtt": {"url": mosquitto.url, "username": "ha", "password": "wrong-password-1"}}
        (found,) = await checked(clinic)
        assert found.state is CheckVerdict.PROBLEM
        assert "password" in found.text
        assert "wrong-password-1" not in repr(found)
    (found,) = await checked(clinic)
    assert found.state is CheckVerdict.WARNING
    assert found.next_step


async def test_a_supervisor_that_does_not_answer_is_no_reason_to_worry_about_plays(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path)
    for status, verdict in ((403, CheckVerdict.PROBLEM), (502, CheckVerdict.WARNING)):
        clinic.transport = FakeSupervisor(OFFER, status)
        (found,) = await checked(clinic, **BELOW)
        assert found.state is verdict
