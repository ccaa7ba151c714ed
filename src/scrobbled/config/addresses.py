"""What an address may be: of a service, a broker, a network, a host, or of whom to alert."""

from __future__ import annotations

import ipaddress
import re
from typing import Any, ClassVar
from urllib.parse import urlsplit

from scrobbled.config.values import Json, Value
from scrobbled.plumbing.redact import MASK


class HttpUrl(Value):
    """The address of a service, without a slash at the end; a path in it is kept."""

    schemes: ClassVar[tuple[str, ...]] = ("http", "https")
    pattern: ClassVar[str] = "^https?://"
    like: ClassVar[str] = "http://nas.local:8484"

    def parse(self, text: str) -> str:
        text = text.strip()
        try:
            parts = urlsplit(text)
            port_is_fine = parts.port is None or parts.port > 0
        except ValueError:
            raise ValueError(f"is not an address; write it like {self.like}") from None
        if parts.scheme not in self.schemes or not parts.hostname or not port_is_fine or re.search(r"\s", text):
            raise ValueError(f"is not an address; write it like {self.like}")
        if parts.username is not None or parts.password is not None:
            raise ValueError("must not hold a user name or password; they would end up in logs and links")
        if parts.query or parts.fragment:
            raise ValueError("must end before any ? or #")
        return text.rstrip("/")

    def schema(self) -> Json:
        return {"type": "string", "format": "uri", "pattern": self.pattern}


class ServerUrl(HttpUrl):
    """The same of a media server, which may be one that is spoken to by websocket."""

    schemes = ("http", "https", "ws", "wss")
    pattern = "^(http|ws)s?://"


class BrokerUrl(HttpUrl):
    """The address of an MQTT broker; ``mqtts`` is spoken over TLS. Without a port it is the usual one."""

    schemes = ("mqtt", "mqtts")
    pattern = "^mqtts?://"
    like = "mqtt://nas.local:1883"

    def parse(self, text: str) -> str:
        found = super().parse(text)
        if urlsplit(found).path:
            raise ValueError(f"must end after the host and port, like {self.like}")
        return found


class Network(Value):
    """An address range in CIDR notation, or a single address."""

    def parse(self, text: str) -> str:
        try:
            return str(ipaddress.ip_network(text.strip(), strict=False))
        except ValueError:
            raise ValueError("is not an address range; write it like 172.18.0.0/16 or 192.168.1.5") from None

    def schema(self) -> Json:
        return {"type": "string"}


class HostName(Value):
    """A host name as in a ``Host`` header, without port; ``*.example.org`` stands for every name below."""

    def parse(self, text: str) -> str:
        text = text.strip().lower()
        bare = text.removeprefix("*.")
        if not re.fullmatch(r"[a-z0-9_]([a-z0-9._-]*[a-z0-9_])?|\[?[0-9a-f:.]*:[0-9a-f:.]+\]?", bare):
            raise ValueError("is not a host name; write it like media.example.org, without http:// and port")
        return text.strip("[]")

    def schema(self) -> Json:
        return {"type": "string"}


class AlertUrl(Value):
    """An Apprise URL: only its shape, since knowing all its services costs Apprise 17 MB of memory."""

    def parse(self, text: str) -> str:
        text = text.strip()
        if not re.match(r"[A-Za-z][A-Za-z0-9+.-]*://\S", text):
            raise ValueError("is not an Apprise URL; write it like ntfy://ntfy.sh/my-topic")
        return text

    def masked(self, value: Any) -> str:
        return str(value).partition("://")[0] + "://" + MASK

    def schema(self) -> Json:
        return {"type": "string", "pattern": "^[A-Za-z][A-Za-z0-9+.-]*://"}
