"""What the stand-ins of all three servers share: buckets, people, and how a body of lines is taken."""

from __future__ import annotations

import contextlib
import copy
import gzip
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from scrobbled.sandbox.base import AnsweredEarly, Reply, Request, StandIn
from scrobbled.sandbox.influx.holding import HeldBucket, PointRefused
from scrobbled.sandbox.influx.lines import BadLine, ProtocolLine, numbered, parse
from scrobbled.sandbox.routing import RouteMatch

ORG, ORG_ID = "home", "0d5b1a5a11ce0001"
TOKEN, WRITER, READER = "sandbox-influx-token", "sandbox-influx-writer", "sandbox-influx-reader"
USER, PASSWORD = "sandbox", "sandbox-influx-password"
BUCKETS = ("trakt_raw", "trakt_agg")
LARGEST_BODY = 50_000_000
"""Bytes, unpacked."""
LONGEST_KEPT = 65_536
Paths = dict[str, tuple[str, ...]]
VERSIONS = {"influx1": "1.6.7", "influx2": "v2.7.12", "influx3": "3.4.2"}


@dataclass(frozen=True)
class TokenRights:
    """Buckets by name; ``None`` is all there are and will be."""

    write: frozenset[str] | None = None
    read: frozenset[str] | None = None

    def may(self, verb: str, bucket: str) -> bool:
        names = self.write if verb == "write" else self.read
        return names is None or bucket in names


@dataclass
class RejectedLine:
    """A line that was not taken: its number from 1, what it was, and why."""

    number: int
    line: str
    words: str


class ChartServer(StandIn):
    """``server`` is which one answers: ``influx2``, ``influx3`` or ``influx1``.

    ``largest`` is the largest body in bytes. ``whole`` makes a batch with one line that is refused be refused whole, as
    early InfluxDB 2 did. ``hosted`` refuses deletes and knows no health, as a hosted one does.
    """

    name = "influx"
    paths: ClassVar[Paths] = {}
    """Which servers know a path; all of them know what is not here."""

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)
        self.server = "influx2"
        self.largest, self.whole, self.hosted = LARGEST_BODY, False, False
        self.tokens: dict[str, TokenRights] = {
            TOKEN: TokenRights(),
            WRITER: TokenRights(read=frozenset()),
            READER: TokenRights(write=frozenset()),
        }
        self.users: dict[str, tuple[str, TokenRights]] = {USER: (PASSWORD, TokenRights())}
        self.buckets: dict[str, HeldBucket] = {}
        self.wipe()

    @property
    def nanoseconds(self) -> int:
        """Its clock, since 1970."""
        at = self.now()
        return int(at.timestamp()) * 1_000_000_000 + at.microsecond * 1000

    def add_bucket(self, name: str, retention: int = 0) -> HeldBucket:
        """A new and empty one. ``retention`` is in seconds; 0 keeps everything."""
        self.buckets[name] = HeldBucket(name, retention, fixed_tags=self.server == "influx3")
        return self.buckets[name]

    def wipe(self) -> None:
        """Back to the two buckets of the start, both empty."""
        self.buckets = {}
        for name in BUCKETS:
            self.add_bucket(name)

    def become(self, server: str) -> None:
        """Another server from now on, with the same names of buckets, all empty. Raises ``ValueError``."""
        if server not in VERSIONS:
            raise ValueError(f"server is one of {', '.join(VERSIONS)}")
        self.server = server
        for name, bucket in list(self.buckets.items()):
            self.add_bucket(name, bucket.retention)

    def state(self) -> Any:
        return {
            "server": self.server,
            "version": VERSIONS[self.server],
            "buckets": {name: bucket.state() for name, bucket in sorted(self.buckets.items())},
        }

    def _record(self, request: Request, found: RouteMatch, status: int) -> None:
        """Bodies of lines are megabytes: only small ones are kept, unpacked."""
        body = request.body if len(request.body) <= LONGEST_KEPT else b""
        if body and request.headers.get("content-encoding") == "gzip":
            with contextlib.suppress(OSError, EOFError, zlib.error):
                body = gzip.decompress(body)[:LONGEST_KEPT]
        super()._record(replace(request, body=body), found, status)

    def check(self, request: Request) -> Reply | None:
        if self.server not in self.paths.get(request.path, (self.server,)):
            return self.missing(request)
        return None

    def missing(self, request: Request) -> Reply:
        if self.server == "influx2":
            return Reply(404, {"code": "not found", "message": "path not found"})
        return Reply(404, "404 page not found\n" if self.server == "influx1" else "not found")

    def told(self) -> dict[str, str]:
        """The headers by which a server is known."""
        build = {"influx1": "OSS", "influx2": "OSS", "influx3": "Core"}[self.server]
        return {"x-influxdb-version": VERSIONS[self.server], "x-influxdb-build": build}

    def read(self, text: str, unit: int) -> tuple[list[tuple[int, str, ProtocolLine]], list[RejectedLine]]:
        """The points of a body with their numbers and lines, and what is none. ``unit`` is nanoseconds."""
        points, unreadable = [], []
        for number, line in numbered(text):
            try:
                points.append((number, line, parse(line, unit)))
            except BadLine as error:
                unreadable.append(RejectedLine(number, line, str(error)))
        return points, unreadable

    def take(self, points: Sequence[tuple[int, str, ProtocolLine]], bucket: HeldBucket) -> list[RejectedLine]:
        """Stores those that fit, and tells the others. Where batches are taken ``whole``, all or none."""
        now, refused = self.nanoseconds, []
        kept = copy.deepcopy(bucket.tables) if self.whole else None
        for number, line, point in points:
            try:
                bucket.take(point, now)
            except PointRefused as error:
                refused.append(RejectedLine(number, line, str(error)))
        if refused and kept is not None:
            bucket.tables = kept
        return refused


def unpacked(request: Request, largest: int, refuse: Callable[[int, str], Reply]) -> str:
    """The body as text; answers 400 for what is neither text nor the packing it says, 413 for what is too large."""
    body = request.body
    if request.headers.get("content-encoding", "").lower() == "gzip":
        try:
            body = gzip.decompress(body)
        except (OSError, EOFError, zlib.error):
            raise AnsweredEarly(refuse(400, "gzip: invalid header")) from None
    if len(body) > largest:
        raise AnsweredEarly(refuse(413, "unable to read data: points batch is too large"))
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise AnsweredEarly(refuse(400, "the body is not UTF-8")) from None


def credential(request: Request) -> str:
    """The token of ``Authorization: Token …`` or ``Bearer …``; empty where there is none."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() in ("token", "bearer") else ""


def wanted(query: Mapping[str, str], *names: str) -> str:
    """The first of these parameters that is there."""
    return next((query[name] for name in names if query.get(name)), "")
