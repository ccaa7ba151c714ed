"""Stand-in of the hosts of data sets: releases that are moved to, unchanged answers, and every way to be broken."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any, Literal, get_args

from scrobbled.sandbox.anime import TITLES, AnimeTitle
from scrobbled.sandbox.base import ALONE, Beside, Reply, Request, StandIn, control_body, page, route, utc_now
from scrobbled.sandbox.mappings import anibridge, anime_lists, fribb, otaku
from scrobbled.sandbox.world import World

Break = Literal["", "html", "cut", "empty", "shrunk", "foreign", "endless", "bomb", "doctype"]
"""A page; the first half; no byte; half of the rows; what another program would write; more than anybody takes; little
that unpacks to that; for XML, entities that grow. Of another form ``doctype`` is ``foreign``."""
BREAKS = get_args(Break)
MOST_HOPS = 10
PIECE = b" " * 65_536
ENDLESS = 100_000
"""Pieces."""
ENTITIES = b'<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><anime-list>&b;</anime-list>'
FOREIGN = {
    ".json": b'{"rows": [{"id": 1}]}',
    ".db": b"SQLite format 3\0 and no more",
    ".xml": b"<feed><a/></feed>",
}


class MappingsStandIn(StandIn):
    """Each data set at ``/NAME``, from where one is sent on, and packed at ``/NAME.gz``."""

    name = "mappings"

    def __init__(self, world: World, *, now: Callable[[], Any] = utc_now, beside: Beside = ALONE) -> None:
        super().__init__(world, now=now, beside=beside)
        self.hops = 1
        """How often one is sent on before a file comes."""
        self.broken: dict[str, Break] = {}
        self.generation: fribb.Generation = "2026-06"
        self.spelling = otaku.SPELLINGS[1]

    def content(self, name: str, titles: tuple[AnimeTitle, ...] = TITLES) -> bytes:
        """The file as it is when nothing is wrong with it; raises ``KeyError`` for a name that is none."""
        return {
            "mappings.json": lambda: _json(anibridge.mappings(titles)),
            "anime-list-full.json": lambda: _json(list(fribb.rows(titles, self.generation))),
            "anime_mappings.db": lambda: otaku.database(titles, self.spelling),
            "anime-list-master.xml": lambda: anime_lists.document(titles),
        }[name]()

    @route("GET", "/{name}")
    def released(self, request: Request, name: str) -> Reply:
        return self._sent_on(request, name, 1) if self.hops else self._file(request, name)

    @route("GET", "/assets/{hop:int}/{name}")
    def asset(self, request: Request, hop: int, name: str) -> Reply:
        return self._sent_on(request, name, hop + 1) if hop < self.hops else self._file(request, name)

    def _sent_on(self, request: Request, name: str, hop: int) -> Reply:
        return Reply(302, None, {"location": f"{request.root}/assets/{hop}/{name}"})

    def _file(self, request: Request, name: str) -> Reply:
        plain = name.removesuffix(".gz")
        try:
            content = self.content(plain)
        except KeyError:
            return self.missing(request)
        broken = self.broken.get(plain, "")
        if broken in ("endless", "bomb"):
            return Reply(200, _endless(packed=broken == "bomb"), {}, "application/octet-stream")
        if broken == "html":
            return Reply(200, page(200), {}, "text/html; charset=utf-8")
        body = self._spoilt(plain, content, broken)
        return _unless_known(request, gzip.compress(body, mtime=0) if name != plain else body)

    def _spoilt(self, name: str, content: bytes, broken: Break) -> bytes:
        ending = name[name.rindex(".") :]
        if broken == "shrunk":
            return self.content(name, TITLES[: len(TITLES) // 2])
        if broken == "doctype" and ending == ".xml":
            return ENTITIES
        if broken in ("foreign", "doctype"):
            return FOREIGN[ending]
        return {"cut": content[: len(content) // 2], "empty": b""}.get(broken, content)

    @route("POST", "/_sandbox/switches")
    def switch(self, request: Request) -> Reply:
        """``hops`` (up to 10), ``broken`` (``{"mappings.json": "cut"}``), ``generation`` (of Fribb's list) and
        ``spelling`` (of Otaku's column).
        """
        given = control_body(request, dict)
        problem = _problem(given)
        if problem:
            return Reply(400, {"message": problem})
        self.hops = given.get("hops", self.hops)
        self.broken = given.get("broken", self.broken)
        self.generation = given.get("generation", self.generation)
        self.spelling = given.get("spelling", self.spelling)
        return Reply(200, self.state())

    def state(self) -> Any:
        return {
            "hops": self.hops,
            "broken": self.broken,
            "generation": self.generation,
            "spelling": self.spelling,
        }


def _problem(given: dict[str, Any]) -> str:
    if unknown := set(given) - {"hops", "broken", "generation", "spelling"}:
        return f"unknown: {', '.join(sorted(unknown))}"
    if given.get("hops", 0) not in range(MOST_HOPS + 1):
        return f"hops is a number up to {MOST_HOPS}"
    broken = given.get("broken", {})
    if not isinstance(broken, dict) or not set(broken.values()) <= set(BREAKS):
        return f"broken is by name one of {', '.join(BREAKS[1:])}, or empty"
    if given.get("generation", fribb.GENERATIONS[0]) not in fribb.GENERATIONS:
        return f"generation is one of {', '.join(fribb.GENERATIONS)}"
    if given.get("spelling", otaku.SPELLINGS[0]) not in otaku.SPELLINGS:
        return f"spelling is one of {', '.join(otaku.SPELLINGS)}"
    return ""


def _unless_known(request: Request, body: bytes) -> Reply:
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    if tag in request.headers.get("if-none-match", ""):
        return Reply(304, None, {"etag": tag})
    return Reply(200, body, {"etag": tag}, "application/octet-stream")


async def _endless(*, packed: bool) -> AsyncIterator[bytes]:
    """``packed`` it is a file of a few megabytes that unpacks to more than anybody takes."""
    for _ in range(ENDLESS):
        yield gzip.compress(PIECE, mtime=0) if packed else PIECE


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
