"""A secret that was told, and every way in which it may stand in a text."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from functools import cached_property

MASK = "••••"
SHORTEST = 4
"""Shorter values are not masked: they would black out ordinary text, and are no secret worth the name."""
ANYWHERE = 8
"""From this length on a secret is masked wherever it stands; shorter ones only where they stand alone, as a word."""
CUT = "…"
"""What stands at the end of a shortened text."""


@dataclass(frozen=True, repr=False, eq=False)
class KnownSecret:
    """One known secret. ``gate`` is a part that no encoding changes: without it in a text, nothing needs to be done."""

    plain: str

    @property
    def gate(self) -> str:
        return max(re.findall(r"[A-Za-z0-9]+", self.plain), key=len, default="")

    @cached_property
    def encoded(self) -> tuple[str, ...]:
        return _inside_base64(self.plain)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Made when it is needed first, as it takes longer than all else here."""
        body = _any_encoding(self.plain)
        return re.compile(rf"(?<![A-Za-z0-9]){body}(?![A-Za-z0-9])" if len(self.plain) < ANYWHERE else body)

    def masked(self, text: str) -> str:
        return self.pattern.sub(_keeping_escapes, text)

    def masked_beginning(self, text: str) -> str:
        """Without what is left of it where a text was shortened: it is known no more by the whole of it."""
        for end in range(len(self.plain) - 1, ANYWHERE - 1, -1):
            text = text.replace(f"{self.plain[:end]}{CUT}", f"{MASK}{CUT}")
        return text

    def masked_base64(self, text: str) -> str:
        for form in self.encoded:
            if form in text:
                text = _BASE64_RUN.sub(lambda run, form=form: MASK if form in run[0] else run[0], text)  # type: ignore[misc]
        return text


_BASE64_RUN = re.compile(r"[\w+/-]+=*")
"""Whole runs, looked into one by one: to search for what is around a form would take forever in a hostile text."""


def _keeping_escapes(match: re.Match[str]) -> str:
    r"""The mask. A lone backslash before the match is escaped itself, or ``\n`` would leave half an escape in JSON."""
    at = match.start()
    while at and match.string[at - 1] == "\\":
        at -= 1
    return "\\" * ((match.start() - at) % 2) + MASK


def _any_encoding(plain: str) -> str:
    """A pattern for ``plain`` in which each character may be URL-encoded or JSON-escaped, whoever did it and how."""
    return "".join(map(_character, re.findall(r"\\+|[^\\]", plain, re.DOTALL)))


def _character(char: str) -> str:
    if char.isascii() and char.isalnum():
        return char
    if char[0] == "\\":  # a run: each backslash is doubled by JSON, and once more by JSON within JSON
        return rf"(?:\\{{{len(char)},{4 * len(char)}}}|(?i:{_percent(char)}))"
    forms = [rf"\\{{1,4}}{_ESCAPES[char]}"] if char in _ESCAPES else []
    forms += [rf"(?i:\\{{1,4}}{_unicode_escape(char)})", rf"(?i:{_percent(char)})", re.escape(char)]
    if char == " ":
        forms.append(r"\+")
    return f"(?:{'|'.join(forms)})"


_ESCAPES = {'"': '"', "'": "'", "/": "/", "\n": "n", "\r": "r", "\t": "t", "\b": "b", "\f": "f"}


def _percent(text: str) -> str:
    """``%2F``, and ``%252F`` where it was encoded twice."""
    return "".join(f"%(?:25)?{byte:02x}" for byte in text.encode("utf-8", "surrogatepass"))


def _unicode_escape(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass")
    return r"\\{1,4}".join(f"u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def _inside_base64(plain: str) -> tuple[str, ...]:
    """The characters that base64 text must hold when ``plain`` is somewhere within what was encoded.

    Base64 turns three bytes into four characters, so there are three ways to be aligned; the characters at the ends
    depend on the neighbours and are left out.
    """
    raw = plain.encode("utf-8", "surrogatepass")
    forms = set()
    for shift in range(3):
        whole = base64.b64encode(b"\0" * shift + raw).decode()
        sure = whole[(shift * 8 + 5) // 6 : (shift + len(raw)) * 8 // 6]
        forms |= {sure, sure.translate(str.maketrans("+/", "-_"))}
    return tuple(sorted(form for form in forms if len(form) >= SHORTEST))
