"""Who asks, as everything behind the door may know it."""

from __future__ import annotations

from msgspec import Struct


class Caller(Struct, frozen=True):
    """Who asks, as far as it can be believed. ``address`` is empty where it cannot be told."""

    address: str
    is_local: bool
    """This machine itself, with no proxy in between that we do not know."""
    scheme: str
    host: str
    """As a ``Host`` header, with port."""
    prefix: str
    """The path below which we are seen, as far as it is known; without a slash at the end, empty for none."""
    is_ingress: bool = False
    """Let in by Home Assistant, on the listener that only its supervisor can reach."""
    has_token: bool = False
    """Let in by a token of the API."""
