"""What Home Assistant is told: one device with its sensors, and their values.

Device discovery is one retained message with all entities (Home Assistant 2024.11 and newer); the long names of its
keys are used. All values stand in one message, of which each sensor takes its part by a template.
"""

from __future__ import annotations

import json
from typing import Any

from msgspec import Struct

from scrobbled import __version__
from scrobbled.core.naming.names import name as service
from scrobbled.core.standing import Standing
from scrobbled.core.words.plain import plain

ONLINE, OFFLINE = "online", "offline"
LONGEST_STATE = 255
"""Characters; Home Assistant shows a longer state as unknown."""
MOST_ACCOUNTS = 20
"""So many accounts in trouble are listed; the number is that of all."""


class Topics(Struct, frozen=True):
    """``base`` is ours alone; below ``discovery`` Home Assistant looks for devices."""

    base: str
    discovery: str

    @property
    def status(self) -> str:
        """Whether we are there: the broker says so in our stead where the connection breaks."""
        return f"{self.base}/status"

    @property
    def state(self) -> str:
        return f"{self.base}/state"

    @property
    def device(self) -> str:
        return f"{self.discovery}/device/{self.base}/config"


class MqttMessage(Struct, frozen=True):
    """Always retained, so that Home Assistant knows it right after its own start."""

    topic: str
    payload: str


class LastPlay(Struct, frozen=True):
    """``watched_at`` is ISO 8601 in UTC, ``None`` where nobody knows when."""

    label: str
    media: str
    viewer: str
    source: str
    watched_at: str | None
    outcomes: dict[str, str]
    """What became of it, by tracker."""


class TroubledAccount(Struct, frozen=True):
    """One that does not work, and why."""

    viewer: str
    tracker: str
    state: str
    reason: str


class SensorFacts(Struct, frozen=True):
    """``queue`` are changes that wait, by tracker; ``questions`` want an answer of a person."""

    last: LastPlay | None
    queue: dict[str, int]
    troubled: tuple[TroubledAccount, ...]
    questions: int
    house: Standing | None = None
    """How all of it stands, as the first page says it."""


def availability(topics: Topics, word: str) -> MqttMessage:
    return MqttMessage(topics.status, word)


def state(topics: Topics, facts: SensorFacts) -> MqttMessage:
    """The values. The same facts make the same text."""
    values = {
        "last_play": _last(facts.last),
        "queue": {"changes": sum(facts.queue.values()), "trackers": facts.queue},
        "tracker_problems": {
            "accounts": len(facts.troubled),
            "details": [plain(account) for account in facts.troubled[:MOST_ACCOUNTS]],
        },
        "needs_you": {"questions": facts.questions},
        "standing": _standing(facts.house),
    }
    return MqttMessage(topics.state, json.dumps(values, ensure_ascii=False, sort_keys=True))


def _last(play: LastPlay | None) -> dict[str, Any]:
    if play is None:
        return {"label": None}
    return {**plain(play), "label": _short(play.label), "source": service(play.source)}


def _standing(house: Standing | None) -> dict[str, Any]:
    if house is None:
        return {"text": None}
    return {"text": _short(house.text), "code": house.code, "next": house.next}


def device(topics: Topics, page: str | None) -> MqttMessage:
    """Who we are and what can be seen of us. ``page`` is our address, where it is known."""
    about: dict[str, Any] = {
        "identifiers": [topics.base],
        "name": "Scrobbled" if topics.base == "scrobbled" else topics.base,
        "manufacturer": "scrobbled",
        "sw_version": __version__,
    }
    if page:
        about["configuration_url"] = page
    payload = {
        "device": about,
        "origin": {"name": "scrobbled", "sw_version": __version__},
        "availability_topic": topics.status,
        "state_topic": topics.state,
        "qos": 1,
        "components": {key: _component(topics, key, **one) for key, one in _SENSORS.items()},
    }
    return MqttMessage(topics.device, json.dumps(payload, ensure_ascii=False, sort_keys=True))


def nothing(topics: Topics) -> MqttMessage:
    """Takes the device, with all its sensors, out of Home Assistant."""
    return MqttMessage(topics.device, "")


_SENSORS: dict[str, dict[str, str]] = {
    "standing": {
        "platform": "sensor",
        "name": "Status",
        "icon": "mdi:check-network-outline",
        "value_template": "{{ value_json.standing.text }}",
    },
    "last_play": {
        "platform": "sensor",
        "name": "Last play",
        "icon": "mdi:television-play",
        "value_template": "{{ value_json.last_play.label }}",
    },
    "queue": {
        "platform": "sensor",
        "name": "Queue",
        "icon": "mdi:tray-full",
        "state_class": "measurement",
        "value_template": "{{ value_json.queue.changes }}",
    },
    "tracker_problems": {
        "platform": "sensor",
        "name": "Tracker problems",
        "icon": "mdi:cloud-alert",
        "state_class": "measurement",
        "value_template": "{{ value_json.tracker_problems.accounts }}",
    },
    "needs_you": {
        "platform": "binary_sensor",
        "name": "Needs you",
        "device_class": "problem",
        "value_template": "{{ 'ON' if value_json.needs_you.questions > 0 else 'OFF' }}",
    },
}


def _component(topics: Topics, key: str, **one: str) -> dict[str, str]:
    return {
        **one,
        "unique_id": f"{topics.base}_{key}",
        "json_attributes_topic": topics.state,
        "json_attributes_template": f"{{{{ value_json.{key} | tojson }}}}",
    }


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_STATE else text[: LONGEST_STATE - 1] + "…"
