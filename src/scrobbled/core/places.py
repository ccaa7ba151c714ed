"""Where something is sent: what of an address says who receives it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

_USUAL = {"http": 80, "ws": 80, "https": 443, "wss": 443, "mqtt": 1883, "mqtts": 8883}


def place_of(address: str) -> str:
    """Scheme, host and port, alike for the same place; a text that names none stands for itself."""
    try:
        parts = urlsplit(address.strip())
        port = parts.port or _USUAL.get(parts.scheme)
    except ValueError:
        return address
    return f"{parts.scheme}://{parts.hostname}:{port}" if parts.hostname and "${" not in address else address


def home_of(settings: Mapping[str, Any]) -> str:
    """Where an account with these settings is, and signs in; empty for the usual places."""
    given = {key: settings.get(key) for key in ("url", "auth_url", "account_url")}
    several = settings.get("servers") or ()
    given |= {f"servers[{at}].url": one.get("url") for at, one in enumerate(several)}
    return " ".join(f"{key}={place_of(str(value))}" for key, value in given.items() if value)
