"""What Home Assistant is told: one device, four sensors, and values that their templates find."""

import json
from typing import Any

import pytest
from jinja2 import Environment, StrictUndefined

from scrobbled import __version__
from scrobbled.core.standing import Standing
from scrobbled.sinks.mqtt.messages import (
    MOST_ACCOUNTS,
    LastPlay,
    MqttMessage,
    SensorFacts,
    Topics,
    TroubledAccount,
    availability,
    device,
    nothing,
    state,
)

TOPICS = Topics("scrobbled", "homeassistant")
PLAY = LastPlay("Severance S2 E3", "episode", "anna", "plex", "2026-11-14T20:00:00+00:00", {"trakt": "delivered"})
QUIET = SensorFacts(None, {}, (), 0)
BUSY = SensorFacts(
    PLAY, {"serializd": 2, "trakt": 1}, (TroubledAccount("anna", "trakt", "sign-in", "sign in again"),), 3
)


def shown(facts: SensorFacts) -> dict[str, tuple[str, dict[str, Any]]]:
    """State and attributes of each sensor, as Home Assistant makes them of the two messages."""
    environment = Environment(undefined=StrictUndefined, autoescape=False)
    environment.filters["tojson"] = json.dumps
    values = json.loads(state(TOPICS, facts).payload)
    found = {}
    for key, one in json.loads(device(TOPICS, None).payload)["components"].items():
        value, attributes = (
            environment.from_string(one[name]).render(value_json=values)
            for name in ("value_template", "json_attributes_template")
        )
        found[key] = (value, json.loads(attributes))
    return found


def test_the_device_is_found_below_the_topic_that_home_assistant_listens_to() -> None:
    message = device(TOPICS, "http://nas.local:8484")
    assert message.topic == "homeassistant/device/scrobbled/config"
    told = json.loads(message.payload)
    assert told["device"] == {
        "identifiers": ["scrobbled"],
        "name": "Scrobbled",
        "manufacturer": "scrobbled",
        "sw_version": __version__,
        "configuration_url": "http://nas.local:8484",
    }
    assert told["origin"]["name"] == "scrobbled", "Home Assistant demands it of a device"
    assert (told["availability_topic"], told["state_topic"]) == ("scrobbled/status", "scrobbled/state")
    assert told["qos"] == 1


def test_an_address_that_nobody_knows_is_left_out() -> None:
    assert "configuration_url" not in json.loads(device(TOPICS, None).payload)["device"]


def test_each_sensor_has_a_platform_a_name_and_an_id_of_its_own() -> None:
    components = json.loads(device(TOPICS, None).payload)["components"]
    assert {key: one["platform"] for key, one in components.items()} == {
        "standing": "sensor",
        "last_play": "sensor",
        "queue": "sensor",
        "tracker_problems": "sensor",
        "needs_you": "binary_sensor",
    }
    assert len({one["unique_id"] for one in components.values()}) == 5
    assert all(one["name"] and one["unique_id"].startswith("scrobbled_") for one in components.values())


def test_two_services_at_one_broker_share_nothing() -> None:
    other = Topics("upstairs", "homeassistant")
    mine, theirs = json.loads(device(TOPICS, None).payload), json.loads(device(other, None).payload)
    assert not set(mine["device"]["identifiers"]) & set(theirs["device"]["identifiers"])
    ids = [{one["unique_id"] for one in told["components"].values()} for told in (mine, theirs)]
    assert not ids[0] & ids[1]
    assert theirs["device"]["name"] == "upstairs"
    assert not {TOPICS.state, TOPICS.status, TOPICS.device} & {other.state, other.status, other.device}


def test_the_sensors_show_what_there_is() -> None:
    found = shown(BUSY)
    assert found["last_play"][0] == "Severance S2 E3"
    assert found["last_play"][1]["viewer"] == "anna"
    assert found["last_play"][1]["source"] == "Plex"
    assert found["last_play"][1]["outcomes"] == {"trakt": "delivered"}
    assert found["queue"] == ("3", {"changes": 3, "trackers": {"serializd": 2, "trakt": 1}})
    assert found["tracker_problems"][0] == "1"
    assert found["tracker_problems"][1]["details"][0]["state"] == "sign-in"
    assert found["needs_you"] == ("ON", {"questions": 3})


def test_how_the_house_stands_is_told_in_its_sentence() -> None:
    house = Standing("off", "calm", "x" * 400, "x" * 400, "Switch it on.")
    text, attributes = shown(SensorFacts(None, {}, (), 0, house))["standing"]
    assert (len(text), attributes["code"], attributes["next"]) == (255, "off", "Switch it on.")
    assert shown(QUIET)["standing"] == ("None", {"text": None}), "which Home Assistant takes for unknown"


def test_where_there_is_nothing_the_sensors_say_so() -> None:
    found = shown(QUIET)
    assert found["last_play"] == ("None", {"label": None}), "which Home Assistant takes for unknown"
    assert [found[key][0] for key in ("queue", "tracker_problems", "needs_you")] == ["0", "0", "OFF"]


def test_a_state_is_no_longer_than_home_assistant_takes() -> None:
    long = LastPlay("x" * 400, "movie", "anna", "plex", None, {})
    assert len(shown(SensorFacts(long, {}, (), 0))["last_play"][0]) == 255


def test_a_crowd_of_accounts_is_counted_and_not_listed_whole() -> None:
    crowd = tuple(TroubledAccount(f"viewer{number}", "trakt", "down", "") for number in range(MOST_ACCOUNTS + 5))
    number, attributes = shown(SensorFacts(None, {}, crowd, 0))["tracker_problems"]
    assert (number, len(attributes["details"])) == (str(MOST_ACCOUNTS + 5), MOST_ACCOUNTS)


def test_the_same_facts_make_the_same_text() -> None:
    again = SensorFacts(PLAY, {"trakt": 1, "serializd": 2}, BUSY.troubled, 3)
    assert state(TOPICS, again) == state(TOPICS, BUSY)


@pytest.mark.parametrize("title", ["{{ states('lock.door') }}", "'; DROP", "“quoted” \\ \n"])
def test_a_title_is_shown_as_it_is(title: str) -> None:
    odd = LastPlay(title, "movie", "anna", "plex", None, {})
    assert shown(SensorFacts(odd, {}, (), 0))["last_play"][1]["label"] == title


def test_an_empty_message_takes_the_device_away() -> None:
    assert nothing(TOPICS) == MqttMessage("homeassistant/device/scrobbled/config", "")
    assert availability(TOPICS, "offline") == MqttMessage("scrobbled/status", "offline")
