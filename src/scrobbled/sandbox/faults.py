"""Faults on demand: what a service can do to its callers, armed by tests and by people trying a configuration."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Protocol, get_args

FaultKind = Literal["status", "latency", "drop", "malformed", "html", "stale", "half"]
FaultMoment = Literal["before", "after"]

STATUS = {"status": 503, "html": 200, "malformed": 200, "half": 502}
"""The status where a fault names none."""
EFFECTS = frozenset(get_args(FaultKind)) - {"latency"}


class RequestLine(Protocol):
    """What a fault looks at in a request."""

    @property
    def method(self) -> str: ...

    @property
    def path(self) -> str: ...


@dataclass(frozen=True)
class Fault:
    """One way to misbehave.

    - ``status``: an answer with this status, ``headers`` and ``body``;
    - ``latency``: ``seconds`` of waiting, then the ordinary answer;
    - ``drop``: the connection is cut without an answer;
    - ``malformed``: JSON that breaks off in the middle;
    - ``html``: a web page where JSON is expected;
    - ``stale``: reads answer as if the newest writes had not happened; the stand-in decides which;
    - ``half``: half of the items of a batch are taken, then the status is answered.

    ``when="after"`` lets the write take effect first, so only its answer is lost. ``times`` is how many requests it
    hits (``None``: until cleared), ``skip`` how many matching ones pass before that. Of those that are left it hits the
    first of each ``every``: ``skip=9, every=10`` is every tenth. A request that another one hits does not count.
    """

    match: str = "*"
    """``POST /api/show/reviews/add`` without the stand-in's prefix; ``*`` stands for anything; no method is any."""
    kind: FaultKind = "status"
    times: int | None = None
    skip: int = 0
    every: int = 1
    when: FaultMoment = "before"
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    content_type: str | None = None
    seconds: float = 0.0

    def __post_init__(self) -> None:
        """Raises ``ValueError`` naming the field that makes no sense."""
        if self.kind not in get_args(FaultKind):
            raise ValueError(f"kind must be one of {', '.join(get_args(FaultKind))}")
        if self.when not in get_args(FaultMoment):
            raise ValueError("when must be before or after")
        if self.times is not None and self.times < 1:
            raise ValueError("times must be at least 1, or null for until cleared")
        if self.every < 1:
            raise ValueError("every must be at least 1")

    @property
    def answer_status(self) -> int:
        return self.status if self.status is not None else STATUS.get(self.kind, 503)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Fault:
        """From JSON. Raises ``ValueError`` that names what is unknown or wrong."""
        known = [f.name for f in fields(cls)]
        if unknown := sorted(set(values) - set(known)):
            raise ValueError(f"unknown: {', '.join(unknown)}; a fault has {', '.join(known)}")
        return cls(**values)


def in_turn(faults: Sequence[Fault], every: int) -> list[Fault]:
    """The same, so armed that every so manieth request is hit, by the first of them, then by the second, and again."""
    count = len(faults)
    return [
        replace(fault, skip=every * (n + 1) - 1 - n, every=every * count - n)  # each misses those that the others hit
        for n, fault in enumerate(faults)
    ]


@functools.cache
def pattern(match: str) -> re.Pattern[str]:
    """``METHOD /path`` with ``*`` for anything, as a regular expression over ``METHOD /path``."""
    text = match if match.startswith("*") or " " in match else f"* {match}"
    return re.compile(".*".join(re.escape(part) for part in text.split("*")))


@dataclass
class _Armed:
    fault: Fault
    skip: int
    left: int | None

    def hits(self, asked: RequestLine) -> bool:
        if pattern(self.fault.match).fullmatch(f"{asked.method} {asked.path}") is None:
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.skip = self.fault.every - 1
        if self.left is not None:
            self.left -= 1
        return True


class Faults:
    """The faults armed at one stand-in, in the order in which they were added."""

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._now = now
        self._armed: list[_Armed] = []
        self._outage: Fault | None = None
        self._outage_until: datetime | None = None

    def add(self, fault: Fault) -> None:
        self._armed.append(_Armed(fault, fault.skip, fault.times))

    def clear(self, match: str | None = None) -> None:
        """Disarm all, or those added with exactly this ``match``; an outage ends only by ``end_outage``."""
        self._armed = [armed for armed in self._armed if match is not None and armed.fault.match != match]

    def start_outage(self, seconds: float | None = None, *, drop: bool = False, status: int = 503) -> None:
        """Everything answers ``status``, or has its connection cut, for ``seconds`` (``None``: until ended)."""
        self._outage = Fault(kind="drop" if drop else "status", status=status)
        self._outage_until = None if seconds is None else self._now() + timedelta(seconds=seconds)

    def end_outage(self) -> None:
        self._outage = None

    @property
    def out(self) -> bool:
        """Whether an outage is on."""
        if self._outage is not None and self._outage_until is not None and self._now() >= self._outage_until:
            self._outage = None
        return self._outage is not None

    def take(self, asked: RequestLine, kinds: Collection[str] = EFFECTS) -> Fault | None:
        """The first armed fault of ``kinds`` that hits this request, used up once; an outage comes before all."""
        if self._outage is not None and self.out:
            return self._outage if self._outage.kind in kinds else None
        if not self._armed:
            return None
        for armed in self._armed:
            if armed.fault.kind in kinds and armed.hits(asked):
                if armed.left == 0:
                    self._armed.remove(armed)
                return armed.fault
        return None

    def listing(self) -> list[dict[str, Any]]:
        """What is armed, as JSON; ``left`` is how many requests each will still hit."""
        return [{**asdict(armed.fault), "left": armed.left} for armed in self._armed]
