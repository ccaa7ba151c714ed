"""The one redactor: whatever leaves the process (log, alert, API answer, stored webhook) passes through it.

It knows two things: secrets it was told (from the configuration, later tokens learned at run time), and places where
secrets stand (``X-Plex-Token=…``, ``Authorization: Bearer …``, ``"password": "…"``, ``/webhooks/plex/…``). What is
watched is never touched on suspicion: "The Secret: Dare to Dream" is a title, so a bare word followed by a colon is no
reason to mask.
"""

from __future__ import annotations

import base64
import binascii
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from msgspec import Struct

MASK = "••••"
SHORTEST = 4
"""Shorter values are not masked: they would black out ordinary text, and are no secret worth the name."""
ANYWHERE = 8
"""From this length on a secret is masked wherever it stands; shorter ones only where they stand alone, as a word."""
CUT = "…"
"""What stands at the end of a shortened text."""
DEEPEST = 64

_SECRET_KEY = (
    r"(?:token|tokens|pass(?:word|wd|phrase)|pwd|secret|api[_-]?key|authorization|cookie|device[_-]?code|credentials?)"
)
_IS_SECRET_KEY = re.compile(rf"{_SECRET_KEY}\Z", re.IGNORECASE)


class Redactor:
    """Replaces secrets by ``••••``. Safe to share between threads; ``text`` and ``value`` never raise.

    A known secret is found raw, URL-encoded, JSON-escaped (also JSON within JSON) and inside base64 credentials. JSON
    text stays JSON, as long as no secret stands there as a bare number.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._lock = threading.Lock()
        self._known: tuple[_Secret, ...] = ()
        self.add(*secrets)

    def add(self, *secrets: str) -> None:
        """Learn more secrets. Empty ones and those shorter than four characters are ignored."""
        fresh = {secret for secret in secrets if len(secret.strip()) >= SHORTEST}
        with self._lock:
            fresh -= {secret.plain for secret in self._known}
            known = [*self._known, *map(_Secret.of, fresh)]
            self._known = tuple(sorted(known, key=lambda secret: len(secret.plain), reverse=True))

    def text(self, text: str) -> str:
        """``text`` without secrets."""
        low = _lower(text)
        cleaned = self._without_known(text, maybe_base64="auth" in low or "basic" in low)
        if cleaned is not text:
            text, low = cleaned, _lower(cleaned)
        for habit in _HABITS:
            cleaned = habit.masked(text, low)
            if cleaned is not text:
                text, low = cleaned, _lower(cleaned)
        return text

    def _without_known(self, text: str, *, maybe_base64: bool) -> str:
        known = self._known
        for secret in known:
            if secret.gate in text:
                text = secret.masked(text)
        if CUT in text:
            for secret in known:
                text = secret.masked_beginning(text)
        if maybe_base64:
            for secret in known:
                text = secret.masked_base64(text)
        return text

    def value(self, value: Any) -> Any:
        """The same structure without secrets: in every text, and everything under a key that names a secret."""
        return self._value(value, 0)

    def _value(self, value: Any, depth: int) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if depth > DEEPEST:
            return MASK
        if isinstance(value, Mapping):
            return {self._key(key): self._member(key, member, depth) for key, member in value.items()}
        if isinstance(value, (list, tuple, set, frozenset)):
            parts = [self._value(part, depth + 1) for part in value]
            return tuple(parts) if isinstance(value, tuple) else parts
        if isinstance(value, (bytes, bytearray)):
            return self.text(bytes(value).decode("utf-8", "replace")).encode("utf-8", "replace")
        return self._other(value)

    def _key(self, key: Any) -> Any:
        return self.text(key) if isinstance(key, str) else key

    def _member(self, key: Any, member: Any, depth: int) -> Any:
        if isinstance(key, str) and _IS_SECRET_KEY.search(key):
            return _blacked_out(member, depth)
        return self._value(member, depth + 1)

    def _other(self, value: Any) -> Any:
        """Numbers and the like stay what they are, unless they spell a secret; so does any other object."""
        if isinstance(value, bool) or value is None:
            return value
        try:
            shown = str(value)
        except Exception:  # noqa: BLE001 - an object of others that cannot even be printed must not break a log line
            return MASK
        cleaned = self.text(shown)
        return value if cleaned == shown else cleaned


def _blacked_out(member: Any, depth: int) -> Any:
    """The shape of what stood under a secret's key; empty values stay, since "no password" is worth knowing."""
    if member is None or isinstance(member, bool) or member in ("", b""):
        return member
    if depth > DEEPEST:
        return MASK
    if isinstance(member, Mapping):
        return {key: _blacked_out(part, depth + 1) for key, part in member.items()}
    if isinstance(member, (list, tuple)):
        return [_blacked_out(part, depth + 1) for part in member]
    return MASK


@dataclass(frozen=True, slots=True, repr=False)
class _Secret:
    """One known secret. ``gate`` is a part that no encoding changes: without it in a text, nothing needs to be done."""

    plain: str
    gate: str
    pattern: re.Pattern[str]
    encoded: tuple[str, ...]

    @classmethod
    def of(cls, plain: str) -> _Secret:
        runs = re.findall(r"[A-Za-z0-9]+", plain)
        body = _any_encoding(plain)
        if len(plain) < ANYWHERE:
            body = rf"(?<![A-Za-z0-9]){body}(?![A-Za-z0-9])"
        return cls(plain, max(runs, key=len, default=""), re.compile(body), _inside_base64(plain))

    def masked(self, text: str) -> str:
        return self.pattern.sub(_keeping_escapes, text)

    def masked_beginning(self, text: str) -> str:
        """Without what is left of it where a text was shortened: it is known no more by the whole of it."""
        if self.plain[:ANYWHERE] in text:
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


Replace = Callable[[re.Match[str]], str]


class _Habit(Struct, frozen=True):
    """A place where secrets stand: each pattern begins with one of ``words`` and is tried only where one stands.

    Looking for fixed words first is what makes an ordinary text cheap.
    """

    words: tuple[str, ...]
    patterns: tuple[tuple[re.Pattern[str], Replace], ...]

    def masked(self, text: str, low: str) -> str:
        """``low`` is ``text`` in lower case, letter by letter."""
        parts: list[str] = []
        done = 0
        for start in sorted(place for word in self.words for place in _places(low, word)):
            found = self._at(text, start) if start >= done else None
            if found:
                match, replace = found
                parts += text[done:start], replace(match)
                done = match.end()
        return "".join([*parts, text[done:]]) if parts else text

    def _at(self, text: str, start: int) -> tuple[re.Match[str], Replace] | None:
        for pattern, replace in self.patterns:
            if match := pattern.match(text, start):
                return match, replace
        return None


def _places(low: str, word: str) -> Iterator[int]:
    start = low.find(word)
    while start >= 0:
        yield start
        start = low.find(word, start + 1)


def _lower(text: str) -> str:
    """Lower case of the same length: the dotted capital I is the one letter that would grow."""
    return text.lower() if "\u0130" not in text else text.replace("\u0130", "i").lower()


def _after(match: re.Match[str]) -> str:
    """Keep what introduces the secret."""
    return match[1] + MASK


def _quoted(match: re.Match[str]) -> str:
    return f"{match[1]}{match['open']}{MASK}{match['open']}"


def _number(match: re.Match[str]) -> str:
    """A number under a secret's key becomes a text, so that JSON stays JSON."""
    return f"{match[1]}{match['close']}{MASK}{match['close']}"


def _credentials(match: re.Match[str]) -> str:
    """``Basic`` is a word, too ("Basic Instinct"): masked only when what follows decodes to ``user:password``."""
    try:
        decoded = base64.b64decode(match[2] + "=" * (-len(match[2]) % 4), validate=True)
    except (binascii.Error, ValueError):
        return match[0]
    return match[1] + MASK if b":" in decoded else match[0]


def _habit(words: str, *patterns: tuple[str, Replace]) -> _Habit:
    compiled = ((re.compile(pattern, re.IGNORECASE | re.DOTALL), replace) for pattern, replace in patterns)
    return _Habit(tuple(words.split()), tuple(compiled))


_MEMBER = rf"({_SECRET_KEY}(?P<close>\\*[\"'])\s*:\s*)"
_HABITS = (
    _habit(
        "token pass pwd secret api authorization cookie device credential",
        # JSON and Python members: "…token": "…"
        (rf"{_MEMBER}(?P<open>[\"'])(?!(?P=open))(?:\\.|(?!(?P=open))[^\\])*(?P=open)", _quoted),
        # The same where JSON stands within JSON: as many backslashes before each quote, and no more.
        (rf"{_MEMBER}(?P<open>\\+[\"'])(?!(?P=open)).{{0,4096}}?(?<!\\)(?P=open)", _quoted),
        (rf"{_MEMBER}-?\d[\d.e+-]*", _number),
        # Queries and forms: …token=…; the equals sign may be URL-encoded itself.
        (rf"({_SECRET_KEY}(?:=|%3D)\"?)[^\s&\"'<>;,#)\]}}\\]+", _after),
        # Header lines of the names that are no words of a title.
        (
            r"((?:(?<=x-plex-)token|(?<=access_)token|(?<=refresh_)token|(?<=client_)secret|api_?key)\s*:\s+)"
            r"[^\s&\"'<>;,]+",
            _after,
        ),
        (r"(authorization\\*[\"']?\s*[:=]\s*(?:(?:bearer|basic|token|digest)\s+)?)[^\s\"'\\,]+", _after),
    ),
    _habit("bearer", (r"(bearer(?:\s+|%20|\+))[\w.~+/=-]{16,}", _after)),
    _habit("basic", (r"(basic\s+)([a-z0-9+/]{8,}={0,2})", _credentials)),
    _habit(
        "mediabrowser",
        (r"(mediabrowser\b(?:(?!mediabrowser)[^\r\n]){0,400}?\btoken=\\*\"?)[^\s\"\\,]+", _after),
    ),
    _habit("/webhooks/", (r"(/webhooks/[^/\s\"'<>]+/)[^/\s\"'<>?#&\\]+", _after)),
    _habit(r":// :\/\/", (r"(:\\?/\\?/)[^/\s\"'<>?#\\]+(?=@)", _after)),
)
