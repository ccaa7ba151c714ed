"""What the check-up says of the database of charts, against the stand-in of InfluxDB."""

from pathlib import Path

import pytest
from clinic import Clinic

from scrobbled.core.words.checks import Check, CheckVerdict
from scrobbled.sandbox.influx.server import TOKEN

OK, WARNING, PROBLEM = CheckVerdict.OK, CheckVerdict.WARNING, CheckVerdict.PROBLEM


@pytest.fixture
def clinic(tmp_path: Path) -> Clinic:
    made = Clinic(tmp_path)
    made.settings["sinks"] = {"influx": {"url": "http://sandbox/influx", "token": TOKEN, "org": "home"}}
    return made


def found(clinic: Clinic) -> list[Check]:
    section = next(one for one in clinic.examine().sections if one.title == "Network")
    return [one for one in section.checks if one.name.startswith("charts")]


def test_a_database_that_answers_is_named_and_nothing_is_written(clinic: Clinic) -> None:
    (one,) = found(clinic)
    assert (one.state, one.text) == (OK, "influx2 2.7.12 answers.")
    assert all(not bucket.tables for bucket in clinic.sandbox["influx"].buckets.values())


def test_none_is_looked_at_where_none_is_wanted(clinic: Clinic) -> None:
    clinic.settings["sinks"]["influx"]["enabled"] = False
    assert found(clinic) == []
    del clinic.settings["sinks"]
    assert found(clinic) == []


def test_a_server_that_deletes_nothing_is_told(clinic: Clinic) -> None:
    clinic.sandbox["influx"].become("influx3")
    (one,) = found(clinic)
    assert (one.state, one.figures["deletes"]) == (OK, False)
    assert "deletes nothing" in one.text


def test_a_bucket_that_forgets_and_a_database_that_is_missing_are_told(clinic: Clinic) -> None:
    server = clinic.sandbox["influx"]
    server.add_bucket("trakt_raw", retention=30 * 86_400)
    assert [(one.name, one.state, one.text) for one in found(clinic)[1:]] == [
        ("charts: trakt_raw", WARNING, "It keeps 30 days.")
    ]
    server.become("influx1")
    del server.buckets["trakt_agg"]
    clinic.settings["sinks"]["influx"] = {
        "url": "http://sandbox/influx",
        "username": "sandbox",
        "password": "sandbox-influx-password",
    }
    (missing,) = [one for one in found(clinic) if one.state is PROBLEM]
    assert "CREATE DATABASE" in missing.text


def test_a_refused_token_and_a_silent_server_say_what_to_do(clinic: Clinic) -> None:
    server = clinic.sandbox["influx"]
    server.become("influx3")
    clinic.settings["sinks"]["influx"]["token"] = "refused-and-secret"
    (refused,) = found(clinic)
    assert (refused.state, "sinks.influx.token" in refused.next_step) == (PROBLEM, True)
    assert "refused-and-secret" not in repr(refused)
    server.faults.start_outage(drop=True)
    (silent,) = found(clinic)
    assert (silent.state, "sinks.influx.url" in silent.next_step) == (WARNING, True)
