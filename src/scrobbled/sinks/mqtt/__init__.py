"""Sensors in Home Assistant, by an MQTT broker.

``messages`` decides what is said and where, ``brokers`` finds the broker, ``line`` is the connection to it, and
``sensors`` keeps what Home Assistant shows in step. Nothing that is delivered to a tracker passes here. ``line`` is
only imported where there is a broker, as its library takes a while.
"""

from scrobbled.mqtt.brokers import Broker, Supervisor
from scrobbled.mqtt.messages import Account, Facts, LastPlay, Topics
from scrobbled.mqtt.sensors import Sensors

__all__ = ["Account", "Broker", "Facts", "LastPlay", "Sensors", "Supervisor", "Topics"]
