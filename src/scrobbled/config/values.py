"""What a single value may be: each kind reads text, shows itself and describes itself to an editor."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from scrobbled.config.durations import format_duration, parse_duration, parse_percent
from scrobbled.core import cron
from scrobbled.core.cron import Cron
from scrobbled.plumbing.redact import MASK

Json = dict[str, Any]


class Value:
    """Plain text. ``parse`` gets the text as written and raises ``ValueError`` with words that follow the value."""

    def parse(self, text: str) -> Any:
        return text.strip()

    def show(self, value: Any) -> str:
        return str(value)

    def masked(self, value: Any) -> str:
        """What may be shown of a secret."""
        return MASK

    def schema(self) -> Json:
        return {"type": ["string", "number", "boolean"]}


@dataclass(frozen=True)
class TextValue(Value):
    """``exact`` keeps blanks at the ends, as a password may have them; ``longest`` bounds names."""

    exact: bool = False
    longest: int = 4096

    def parse(self, text: str) -> str:
        text = text if self.exact else text.strip()
        if len(text) > self.longest:
            raise ValueError(f"is longer than {self.longest} characters")
        if not self.exact and any(ord(char) < 32 for char in text):
            raise ValueError("holds a line break or another control character")
        return text


@dataclass(frozen=True)
class Integer(Value):
    least: int
    most: int

    def parse(self, text: str) -> int:
        if not re.fullmatch(r"[+-]?\d{1,18}", text.strip(), re.ASCII):
            raise ValueError("is not a whole number")
        number = int(text)
        if not self.least <= number <= self.most:
            raise ValueError(f"is not between {self.least} and {self.most}")
        return number

    def schema(self) -> Json:
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


class Switch(Value):
    def parse(self, text: str) -> bool:
        answer = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}.get(
            text.strip().lower()
        )
        if answer is None:
            raise ValueError("is neither true nor false")
        return answer

    def show(self, value: Any) -> str:
        return "true" if value else "false"

    def schema(self) -> Json:
        return {"type": "boolean"}


@dataclass(frozen=True)
class Choice(Value):
    options: tuple[str, ...]

    def parse(self, text: str) -> str:
        if (answer := text.strip().lower()) not in self.options:
            raise ValueError(f"is not one of {', '.join(self.options)}")
        return answer

    def schema(self) -> Json:
        return {"enum": list(self.options)}


@dataclass(frozen=True)
class Duration(Value):
    """Seconds, as a float."""

    least: float = 0.0

    def parse(self, text: str) -> float:
        seconds = parse_duration(text)
        if seconds < self.least:
            raise ValueError(f"is too short; {format_duration(self.least)} is the least")
        return seconds

    def show(self, value: Any) -> str:
        return format_duration(value)

    def schema(self) -> Json:
        return {"type": ["string", "integer"], "pattern": r"^(0|\s*(\d+(\.\d+)?\s*(ms|s|m|h|d|w)\s*)+)$"}


@dataclass(frozen=True)
class Interval(Duration):
    """Seconds between two times, as a float; 0 is never, which may also be written ``off``."""

    def parse(self, text: str) -> float:
        return 0.0 if text.strip().lower() in ("off", "0", "0s") else super().parse(text)

    def show(self, value: Any) -> str:
        return format_duration(value) if value else "off"

    def schema(self) -> Json:
        return {"type": ["string", "integer", "boolean"], "pattern": r"^(off|0|\s*(\d+(\.\d+)?\s*(ms|s|m|h|d|w)\s*)+)$"}


class CronValue(Value):
    """Five cron fields; one that never comes is refused."""

    def parse(self, text: str) -> Cron:
        return cron.parse(text)

    def show(self, value: Any) -> str:
        return str(value.text)

    def schema(self) -> Json:
        return {"type": "string", "pattern": r"^\s*\S+(\s+\S+){4}\s*$"}


class WhenValue(Duration):
    """A time between two runs, in seconds, or five cron fields."""

    def parse(self, text: str) -> Any:
        return cron.parse(text) if len(text.split()) > 2 else super().parse(text)

    def show(self, value: Any) -> str:
        return str(value.text) if isinstance(value, Cron) else super().show(value)

    def schema(self) -> Json:
        return {"anyOf": [super().schema(), CronValue().schema()]}


class ZoneValue(Value):
    """The name of a time zone, as the machine knows it."""

    def parse(self, text: str) -> str:
        name = text.strip()
        try:
            return ZoneInfo(name).key
        except (ZoneInfoNotFoundError, ValueError, OSError):
            known = {zone.lower(): zone for zone in available_timezones()}
            near = get_close_matches(name.lower(), known, n=1, cutoff=0.8)
            hint = f'did you mean "{known[near[0]]}"?' if near else "write it like Europe/Berlin"
            raise ValueError(f"is no time zone that this machine knows; {hint}") from None

    def schema(self) -> Json:
        return {"type": "string"}


@dataclass(frozen=True)
class Percent(Value):
    """0 to 100, as a float."""

    least: float = 0.0

    def parse(self, text: str) -> float:
        value = parse_percent(text)
        if value < self.least:
            raise ValueError(f"is too low; {self.least:g}% is the least")
        return value

    def show(self, value: Any) -> str:
        return f"{value:g}%"

    def schema(self) -> Json:
        return {"type": ["string", "number"], "pattern": r"^\s*\d+(\.\d+)?\s*%?\s*$", "minimum": 0, "maximum": 100}


class FilePath(Value):
    def parse(self, text: str) -> Path:
        if "\0" in text:
            raise ValueError("cannot be a path")
        try:
            return Path(text.strip()).expanduser()
        except RuntimeError:
            raise ValueError("starts with ~, but the home folder is not known; write the whole path") from None

    def schema(self) -> Json:
        return {"type": "string"}


class Word(Value):
    """A short name of letters, digits, - and _, as it may stand in a topic."""

    longest = 64

    def parse(self, text: str) -> str:
        text = text.strip()
        if not re.fullmatch(r"[A-Za-z0-9_-]+", text) or len(text) > self.longest:
            raise ValueError(f"is not a name of up to {self.longest} letters, digits, - and _")
        return text

    def schema(self) -> Json:
        return {"type": "string", "pattern": "^[A-Za-z0-9_-]+$", "maxLength": self.longest}


class WebhookToken(Value):
    """The secret in a webhook's path, so only what a path can carry as it is."""

    least = 8

    def parse(self, text: str) -> str:
        if not re.fullmatch(r"[!$&-.0-9:;=@A-Z_a-z~]+", text):
            raise ValueError("cannot stand in a URL; use letters, digits, - and _ only")
        if len(text) < self.least:
            raise ValueError(f"is shorter than {self.least} characters; take a random one of 32")
        return text


class DirectionValue(Value):
    """``off``, ``both`` or ``a-to-b`` written with the names of trackers; whose names, the pair decides."""

    def parse(self, text: str) -> str:
        text = text.strip().lower()
        if text not in ("off", "both") and not re.fullmatch(r"[a-z]+-to-[a-z]+", text):
            raise ValueError("is not a direction; write off, both, or like trakt-to-serializd")
        return text

    def schema(self) -> Json:
        return {"type": ["string", "boolean"], "pattern": "^(off|both|[a-z]+-to-[a-z]+)$"}


class ConflictValue(Value):
    """``newest-wins``, ``ask`` or ``<tracker>-wins``."""

    def parse(self, text: str) -> str:
        text = text.strip().lower()
        if text != "ask" and not re.fullmatch(r"[a-z]+-wins", text):
            raise ValueError("is not a way to settle conflicts; write newest-wins, ask, or like trakt-wins")
        return text

    def schema(self) -> Json:
        return {"type": "string", "pattern": "^(ask|[a-z]+-wins)$"}
