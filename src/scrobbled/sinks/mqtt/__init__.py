"""Sensors in Home Assistant, by an MQTT broker.

``messages`` decides what is said and where, ``brokers`` finds the broker, ``line`` is the connection to it, and
``sensors`` keeps what Home Assistant shows in step. Nothing that is delivered to a tracker passes here. ``line`` is
only imported where there is a broker, as its library takes a while.
"""

from scrobbled.sinks.mqtt.brokers import Broker, Supervisor
from scrobbled.sinks.mqtt.messages import LastPlay, SensorFacts, Topics, TroubledAccount
from scrobbled.sinks.mqtt.sensors import Sensors

__all__ = ["Broker", "LastPlay", "SensorFacts", "Sensors", "Supervisor", "Topics", "TroubledAccount"]
