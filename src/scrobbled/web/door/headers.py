"""What requests say of themselves: headers, addresses, names. Nothing here decides whom to believe."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

HttpScope = Mapping[str, Any]
IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
_FORWARDS = ("forwarded", "x-real-ip", "via")
"""Besides ``X-Forwarded-*``: what a proxy adds, so that its caller is not taken for this machine."""


def values(scope: HttpScope, name: str) -> list[str]:
    """All headers of that name (lower case), in order."""
    wanted = name.encode()
    return [value.decode("latin-1").strip() for key, value in scope["headers"] if key == wanted]


def bearer(scope: HttpScope) -> str:
    """The token of an ``Authorization: Bearer`` header, empty where there is none."""
    schemes = (value.partition(" ") for value in values(scope, "authorization"))
    return next((token.strip() for scheme, _, token in schemes if scheme.lower() == "bearer"), "")


def cookies(scope: HttpScope, name: str) -> list[str]:
    """All cookies of that name; a browser sends several where their paths differ."""
    pairs = [pair.strip().partition("=") for header in values(scope, "cookie") for pair in header.split(";")]
    return [value for key, _, value in pairs if key == name]


def address_of(text: str) -> IPAddress | None:
    """An address as proxies write it: maybe with brackets, maybe with a port. IPv4 within IPv6 is IPv4."""
    match = re.fullmatch(r"\[([^\]]+)\](?::\d{1,5})?|([\d.]+):\d{1,5}", text.strip())
    bare = next(filter(None, match.groups())) if match else text.strip()
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def place_of(address: str) -> str:
    """What counts as one caller: a line has a whole /64 of IPv6 addresses to choose from."""
    parsed = address_of(address)
    if parsed is None:
        return address[:64]
    return str(parsed) if parsed.version == 4 else str(ipaddress.IPv6Network((int(parsed) >> 64 << 64, 64)))


def host_name(host: str) -> str | None:
    """The name of a ``Host`` header in lower case, without port; ``None`` for what is no such header."""
    match = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?", host)
    return match[1].lower().removesuffix(".") if match else None


def authority(url: str) -> tuple[str, int | None] | None:
    """Host and port that decide whether two addresses are one place; ``None`` for ``null`` and other nonsense."""
    try:
        parts = urlsplit(url)
        name, port = parts.hostname, parts.port
    except ValueError:
        return None
    # whether TLS ends here or at a proxy is not always known, so both usual ports count as none
    return (name.removesuffix("."), None if port in (80, 443) else port) if name else None


def last(scope: HttpScope, name: str) -> str:
    """What the nearest proxy wrote: it appends to what it was told."""
    found = values(scope, name)
    return found[-1].rpartition(",")[2].strip() if found else ""


def is_relayed(scope: HttpScope, host: str) -> bool:
    """Whether a proxy shows, also one that says nothing of its caller.

    Unless it is told otherwise HAProxy hands on the name it was asked for, and nginx before 1.29.7 speaks HTTP/1.0, as
    no browser does. Later ones show by nothing of their own; what browsers say of the page they come from goes through
    them. Whoever is at this machine asks it by ``localhost`` or such an address. A program that is relayed and says
    nothing of itself looks like one at this machine: so being here opens less than a login does.
    """
    names = (key.decode("latin-1") for key, _ in scope["headers"])
    tells = any(name.startswith("x-forwarded-") or name in _FORWARDS for name in names)
    comes_from = (authority(url) for name in ("origin", "referer") for url in values(scope, name))
    named = [host_name(host) or "", *(place[0] for place in comes_from if place is not None)]
    return tells or scope.get("http_version") == "1.0" or not all(map(_is_this_machine, named))


def _is_this_machine(name: str) -> bool:
    address = address_of(name)
    return name == "localhost" if address is None else address.is_loopback


def is_fetched_by_others(scope: HttpScope) -> bool:
    """Whether a page of another site asks in passing (a picture, a script), instead of somebody following its link.

    Browsers show it none of the answer; this keeps it from having us look at services, or from learning by the time
    that takes. They tell it over TLS and to localhost (https://www.w3.org/TR/fetch-metadata/).
    """
    is_ours = set(values(scope, "sec-fetch-site")) <= {"same-origin", "none"}
    modes = values(scope, "sec-fetch-mode")
    return not is_ours and bool(modes) and modes != ["navigate"]


def prefix_of(scope: HttpScope) -> str:
    """Home Assistant calls it ``X-Ingress-Path``, most proxies ``X-Forwarded-Prefix``."""
    given = (last(scope, "x-ingress-path") or last(scope, "x-forwarded-prefix")).rstrip("/")
    return given if re.fullmatch(r"(/[\w.~-]+)+", given, re.ASCII) else ""
