"""What the tokens and codes that we give out look like: 64 hexadecimal digits. Nothing else here is called so.

Whoever takes them out of a text need not know a single one of them.
"""

from __future__ import annotations

import base64
import re
import secrets

BYTES = 32
DIGITS = 2 * BYTES
CUT_FROM = 8
"""Digits that are left of one where a text was shortened."""
_RUN = rf"(?<![0-9a-f])[0-9a-f]{{{DIGITS},{2 * DIGITS - 1}}}+(?![0-9a-f])"
"""With some that may stand beside it; what is far longer is a picture, or a hash of another kind."""
_ALONE = re.compile(_RUN)
_INSIDE = re.compile(_RUN.encode())
_CUT = re.compile(rf"(?<![0-9a-f])[0-9a-f]{{{CUT_FROM},{DIGITS}}}+(?=…)")
_CODED = DIGITS * 4 // 3
_BASE64 = re.compile(rf"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{{{_CODED},}}=*")
_TO_STANDARD = str.maketrans("-_", "+/")


class _Without:
    """Tells in a twentieth of a search's time that nowhere in a text so many of these characters follow each other.

    So many would fill one of the blocks of half that size into which the text is cut.
    """

    def __init__(self, chars: str, least: int) -> None:
        self._half = (least + 1) // 2
        self._empty = re.compile(rf"(?:(?![{chars}]{{{self._half}}}).{{{self._half}}})*+", re.DOTALL)

    def fits(self, text: str) -> bool:
        looked_at = self._empty.match(text)
        return looked_at is not None and looked_at.end() + self._half > len(text)


_NO_RUN = _Without("0-9a-f", DIGITS)
_NO_BASE64 = _Without("A-Za-z0-9+/_-", _CODED)


def new() -> str:
    """256 random bits."""
    return secrets.token_hex(BYTES)


def is_ours(text: str) -> bool:
    return _ALONE.fullmatch(text) is not None and not _is_number(text)


def masked(text: str, mask: str) -> str:
    """``text`` with ``mask`` for each. JSON stays JSON: digits that may belong to an escape before one stay with it."""
    return text if _NO_RUN.fits(text) else _ALONE.sub(lambda run: _masked_run(run, mask), text)


def _masked_run(run: re.Match[str], mask: str) -> str:
    if _is_number(run[0]):
        return run[0]
    before = run.string[max(0, run.start() - 2) : run.start()]
    kept = 4 if before == "\\u" else 1 if before.endswith("\\") else 0  # \u00e9, \b and \f end with digits, too
    return run[0][:kept] + mask


def masked_base64(text: str, mask: str) -> str:
    """Without what holds one when it is decoded."""
    return text if _NO_BASE64.fits(text) else _BASE64.sub(lambda run: mask if _holds_one(run[0]) else run[0], text)


def _holds_one(run: str) -> bool:
    """At each of the four places at which four characters may begin that stand for three bytes."""
    plain = run.rstrip("=").translate(_TO_STANDARD)
    parts = (plain[start : len(plain) - ((len(plain) - start) % 4 == 1)] for start in range(4))
    return any(_INSIDE.search(base64.b64decode(part + "=" * (-len(part) % 4))) for part in parts)


def masked_beginning(text: str, mask: str) -> str:
    """Without what is left of one where a text was shortened."""
    return _CUT.sub(lambda found: found[0] if _is_ordinary(found[0]) else mask, text)


def _is_number(run: str) -> bool:
    """Digits, maybe with an exponent. JSON would not stay JSON."""
    return not set(run) & set("abcdf")


def _is_ordinary(run: str) -> bool:
    """A number, or a word."""
    return _is_number(run) or run.isalpha()
