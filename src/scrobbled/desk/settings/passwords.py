"""Passwords of the page, hashed with scrypt, so that the configuration need not hold what somebody types."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets

PREFIX = "scrypt:"
_N, _R, _P, _LENGTH = 2**14, 8, 1, 32
"""16 MB and some 50 ms on a small machine: a guess costs, a sign-in does not hurt."""
_SALT = 16


def hashed(password: str) -> str:
    """``scrypt:<salt>:<hash>`` with a salt of its own; goes where a plain password may stand."""
    salt = secrets.token_bytes(_SALT)
    return f"{PREFIX}{_text(salt)}:{_text(_scrypt(password, salt))}"


def is_hashed(stored: str) -> bool:
    return _parts(stored) is not None


def fits(password: str, stored: str) -> bool:
    """Whether ``password`` is the one; ``stored`` is plain or hashed. An empty one fits nothing.

    Takes the same time whichever part is wrong.
    """
    if not stored:
        return False
    if parts := _parts(stored):
        return hmac.compare_digest(_scrypt(password, parts[0]), parts[1])
    return hmac.compare_digest(_digest(password), _digest(stored))


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(_bytes(password), salt=salt, n=_N, r=_R, p=_P, dklen=_LENGTH)


def _parts(stored: str) -> tuple[bytes, bytes] | None:
    """Salt and hash; ``None`` for a plain password, also one that happens to begin alike."""
    if not stored.startswith(PREFIX):
        return None
    try:
        salt, found = (base64.urlsafe_b64decode(part) for part in stored.removeprefix(PREFIX).split(":"))
    except (ValueError, binascii.Error):
        return None
    return (salt, found) if (len(salt), len(found)) == (_SALT, _LENGTH) else None


def _digest(text: str) -> bytes:
    """Of one length whatever the text, so that comparing tells nothing about it."""
    return hashlib.sha256(_bytes(text)).digest()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode()
