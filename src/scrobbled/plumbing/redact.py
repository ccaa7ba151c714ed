"""The one redactor: whatever leaves the process (log, alert, API answer, stored webhook) passes through it.

It knows three things: secrets it was told (from the configuration, later tokens learned at run time), what the tokens
that we give out look like (nobody has to tell it each of them, so they cannot pile up here), and places where secrets
stand (``X-Plex-Token=…``, ``Authorization: Bearer …``, ``"password": "…"``, ``/webhooks/plex/…``). What is watched is
never touched on suspicion: "The Secret: Dare to Dream" is a title, so a bare word followed by a colon is no reason to
mask.
"""

from __future__ import annotations

import base64
import binascii
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from scrobbled.plumbing import token_shape
from scrobbled.plumbing.known_secret import ANYWHERE, CUT, MASK, SHORTEST, KnownSecret
from scrobbled.plumbing.needles import Needles

__all__ = ["MASK", "Redactor"]
DEEPEST = 64

_SECRET_KEY = (
    r"(?:token|tokens|pass(?:word|wd|phrase)|pwd|secret|api[_-]?key|authorization|cookie|device[_-]?code|credentials?)"
)
_IS_SECRET_KEY = re.compile(rf"{_SECRET_KEY}\Z", re.IGNORECASE)


class Redactor:
    """Replaces secrets by ``••••``. Safe to share between threads; ``text`` and ``value`` never raise.

    A known secret is found raw, URL-encoded, JSON-escaped (also JSON within JSON) and inside base64 credentials. JSON
    text stays JSON, as long as no secret stands there as a bare number. A text without secrets costs the same whether a
    hundred or a hundred thousand are known.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._lock = threading.Lock()
        self._known: set[str] = set()
        self._gates: Needles[KnownSecret] = Needles()
        self._encoded: Needles[KnownSecret] = Needles()
        self._beginnings: Needles[KnownSecret] = Needles()
        self.add(*secrets)

    @property
    def known(self) -> int:
        """How many secrets are kept one by one."""
        return len(self._known)

    def add(self, *secrets: str) -> None:
        """Learn more secrets. Empty ones and those shorter than four characters are ignored, as are those that are
        known by what they look like.
        """
        with self._lock:
            for plain in secrets:
                if len(plain.strip()) >= SHORTEST and plain not in self._known and not token_shape.is_ours(plain):
                    self._known.add(plain)
                    self._learn(KnownSecret(plain))

    def _learn(self, secret: KnownSecret) -> None:
        self._gates.add(secret.gate, secret)
        for form in secret.encoded:
            self._encoded.add(form, secret)
        if len(secret.plain) > ANYWHERE:
            self._beginnings.add(secret.plain[:ANYWHERE], secret)

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
        for secret in _longest_first(self._gates.owners(text)):
            text = secret.masked(text)
        text = token_shape.masked(text, MASK)
        if CUT in text:
            for secret in _longest_first(self._beginnings.owners(text)):
                text = secret.masked_beginning(text)
            text = token_shape.masked_beginning(text, MASK)
        if maybe_base64:
            for secret in _longest_first(self._encoded.owners(text)):
                text = secret.masked_base64(text)
            text = token_shape.masked_base64(text, MASK)
        return text

    def value(self, value: Any) -> Any:
        """The same structure without secrets: in every text, and everything under a key that names a secret."""
        told = _in_one(value)
        if told is not None and self.text(told) == told:
            return value
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


def _in_one(value: Any) -> str | None:
    """All that a line of the log says, to be looked through at once: that takes a third of the time, and most have no
    secret. ``None`` for anything but texts, numbers and lists of texts under keys that name none.
    """
    if type(value) is not dict:
        return None
    told: list[str] = []
    for key, member in value.items():
        if not isinstance(key, str) or _IS_SECRET_KEY.search(key):
            return None
        told.append(key)
        if isinstance(member, str):
            told.append(member)
        elif type(member) is list and all(isinstance(part, str) for part in member):
            told += member
        elif isinstance(member, (int, float)):
            told.append(str(member))
        elif member is not None:
            return None
    return "\n".join(told)


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


def _longest_first(found: Iterable[KnownSecret]) -> list[KnownSecret]:
    """One may be a part of another."""
    return sorted(found, key=lambda secret: len(secret.plain), reverse=True)


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
