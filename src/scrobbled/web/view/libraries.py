"""How libraries look that are to be chosen."""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct

from scrobbled.desk import words
from scrobbled.desk.libraries.libraries import AccountLibraries, LibraryChoice


class LibraryTick(Struct, frozen=True):
    """One box. ``name`` is what the form sends."""

    name: str
    title: str
    count: str
    ticked: bool


class ServerTicks(Struct, frozen=True):
    """The boxes of one server; ``why`` says why there are none."""

    server: str
    ticks: tuple[LibraryTick, ...]
    why: str


class LibrariesPage(Struct, frozen=True):
    """``all`` is whether nothing is left out. ``absent`` are names that no server which answers has."""

    viewer: str
    service: str
    servers: tuple[ServerTicks, ...]
    absent: tuple[LibraryTick, ...]
    all: bool
    error: str

    @property
    def boxes(self) -> int:
        return sum(len(server.ticks) for server in self.servers) + len(self.absent)


def shown(found: AccountLibraries, ticked: Collection[str] | None = None) -> LibrariesPage:
    """``ticked`` are those that stand in the form, where that could not be saved."""

    def tick(one: LibraryChoice) -> LibraryTick:
        return LibraryTick(one.name, one.title, one.count, one.chosen if ticked is None else one.name in ticked)

    servers = (ServerTicks(one.server, tuple(map(tick, one.libraries)), one.why) for one in found.servers)
    absent = (LibraryTick(name, name, "", ticked is None or name in ticked) for name in found.absent)
    is_all = found.all if ticked is None else False
    return LibrariesPage(found.viewer, words.name(found.tracker), tuple(servers), tuple(absent), is_all, found.error)
