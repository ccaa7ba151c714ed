"""A picture: bytes that begin as pictures do, whatever whoever sent them called them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

LARGEST = 2 * 1024 * 1024
"""Bytes; no poster is larger at the size we ask for."""


@dataclass(frozen=True, slots=True)
class Picture:
    """``kind`` is its media type: JPEG, PNG or WebP."""

    kind: str
    body: bytes

    @property
    def tag(self) -> str:
        """The same for the same bytes, as an ``ETag`` needs it."""
        return f'"{hashlib.sha256(self.body).hexdigest()[:20]}"'


def picture(body: bytes) -> Picture | None:
    """``None`` for whatever is none of the three, by its first bytes: a page, a drawing with script in it, nothing."""
    kind = _kind(body)
    return None if kind is None or len(body) > LARGEST else Picture(kind, body)


def _kind(body: bytes) -> str | None:
    if body.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if body.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        return "image/webp"
    return None
