"""Where the broker is: in the configuration, or with Home Assistant's supervisor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

from scrobbled.config import MqttConfig
from scrobbled.core.errors import ContractDrift, LoginNeeded
from scrobbled.plumbing.pools import Pools

ROOT = "http://supervisor"
TOKEN, ADDRESS = "SUPERVISOR_TOKEN", "SCROBBLED_SUPERVISOR"
"""What the supervisor puts into the environment, and what names another address for it."""
PORTS = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True, slots=True)
class Broker:
    host: str
    port: int
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False


def configured(settings: MqttConfig) -> Broker | None:
    """The broker that the configuration names, if any."""
    if not settings.url:
        return None
    parts = urlsplit(settings.url)
    port = parts.port or PORTS[parts.scheme]
    return Broker(parts.hostname or "", port, settings.username, settings.password, parts.scheme == "mqtts")


def offered(answer: Any) -> Broker:
    """The broker in the supervisor's answer; raises ``ContractDrift``.

    The port is documented as a text and sent as a number, so both are read.
    """
    try:
        data = answer["data"]
        host, port = str(data["host"]), int(data["port"])
        return Broker(host, port, data.get("username"), data.get("password"), bool(data.get("ssl")))
    except (KeyError, TypeError, ValueError, AttributeError):
        raise ContractDrift("Home Assistant's supervisor did not name its broker as it is known to") from None


class Supervisor:
    """Home Assistant's, where this is run by it."""

    def __init__(self, environ: Mapping[str, str], transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.token = environ.get(TOKEN, "")
        self._root = environ.get(ADDRESS) or ROOT
        self._transport = transport

    def __bool__(self) -> bool:
        return bool(self.token)

    async def broker(self) -> Broker | None:
        """The one that it has, ``None`` where it has none; raises ``TrackerError``.

        Without a broker the answer is an error of status 400, in versions before also 200 with ``result: error``.
        """
        http = Pools(self._transport, proxies=False).to("supervisor", self._root)
        try:
            answer = await http.send(
                "GET", "/services/mqtt", headers={"Authorization": f"Bearer {self.token}"}, timeout=10
            )
        finally:
            await http.aclose()
        if answer.status in (401, 403):
            raise LoginNeeded("Home Assistant's supervisor does not let us ask for its broker")
        if not answer.ok:
            return None
        found = answer.json()
        return None if isinstance(found, dict) and found.get("result") == "error" else offered(found)
