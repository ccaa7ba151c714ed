"""A picture: bytes that begin as pictures do, whatever whoever sent them called them."""

from __future__ import annotations

import hashlib
import re

from msgspec import Struct

LARGEST = 2 * 1024 * 1024
"""Bytes; no poster is larger at the size we ask for."""
MOST_PIXELS = 40_000_000
"""Few bytes may say that they are gigapixels, and a phone that unpacks those has no memory left."""
MOST_SEGMENTS = 1_000
"""Of a JPEG, before its first frame; some twenty are usual."""


class Picture(Struct, frozen=True):
    """``kind`` is its media type: JPEG, PNG or WebP."""

    kind: str
    body: bytes

    @property
    def tag(self) -> str:
        """The same for the same bytes, as an ``ETag`` needs it."""
        return f'"{hashlib.sha256(self.body).hexdigest()[:20]}"'


def picture(body: bytes) -> Picture | None:
    """``None`` for whatever is none of the three, by its first bytes: a page, a drawing with script in it, nothing.

    Also for what would be huge once it is unpacked.
    """
    kind = _kind(body)
    if kind is None or len(body) > LARGEST or _PIXELS[kind](body) > MOST_PIXELS:
        return None
    return Picture(kind, body)


def _kind(body: bytes) -> str | None:
    if body.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if body.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        return "image/webp"
    return None


def _of_png(body: bytes) -> int:
    """From IHDR, which comes first (https://www.w3.org/TR/png-3/#11IHDR). All of these return 0 for broken ones."""
    return int.from_bytes(body[16:20]) * int.from_bytes(body[20:24]) if body[12:16] == b"IHDR" else 0


def _of_jpeg(body: bytes) -> int:
    """From the first frame header; the segments before it are skipped (ITU T.81, B.1.1 and B.2.2)."""
    at = 2
    for _ in range(MOST_SEGMENTS):
        if (found := _MARKER.match(body, at)) is None:
            return 0
        marker, at = found[1][0], found.end()
        if marker in _FRAMES:
            return int.from_bytes(body[at + 3 : at + 5]) * int.from_bytes(body[at + 5 : at + 7])
        at += 0 if marker in _ALONE else int.from_bytes(body[at : at + 2])
    return MOST_PIXELS + 1


def _of_webp(body: bytes) -> int:
    """From the first chunk, of one of three kinds (RFC 9649, 2.5 to 2.7)."""
    if body[12:16] == b"VP8X":
        return (1 + int.from_bytes(body[24:27], "little")) * (1 + int.from_bytes(body[27:30], "little"))
    if body[12:16] == b"VP8L":
        both = int.from_bytes(body[21:25], "little")
        return (1 + (both & 0x3FFF)) * (1 + (both >> 14 & 0x3FFF))
    return (int.from_bytes(body[26:28], "little") & 0x3FFF) * (int.from_bytes(body[28:30], "little") & 0x3FFF)


_MARKER = re.compile(rb"\xff+([^\xff])", re.DOTALL)
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ALONE = frozenset({0x01, *range(0xD0, 0xDA)})
_PIXELS = {"image/png": _of_png, "image/jpeg": _of_jpeg, "image/webp": _of_webp}
