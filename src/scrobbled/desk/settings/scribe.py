"""Writing into the configuration file for whoever is guided on the page, and putting that in force at once."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from msgspec import Struct

from scrobbled import config as configuration
from scrobbled.config import Config, guarding
from scrobbled.config.guarding import Revision, objections
from scrobbled.config.replacing import made, replaced
from scrobbled.core.errors import ConfigError, NotWritten
from scrobbled.desk.masking import WholeText
from scrobbled.desk.settings import starting
from scrobbled.runtime.service import Runtime

TextEdit = Callable[[str], str]
"""From the text of the file to what it is to be; raises ``NotWritten`` where it cannot be added to."""


class Unsaved(Struct, frozen=True):
    """A first configuration that is in force and could not be written. ``yaml`` is the whole file, secrets and all."""

    path: str
    why: str
    yaml: str


class Scribe:
    """One for the service; changes are made one after the other.

    Where there was no configuration at the start and the file cannot be written, its text is kept in memory instead,
    so that people can go on and save it themselves.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._lock = asyncio.Lock()
        self._kept, self._why = "", ""

    @property
    def is_first(self) -> bool:
        """There is no configuration on the disk yet."""
        path = self._runtime.config.path
        return path is not None and starting.is_empty(path)

    @property
    def unsaved(self) -> Unsaved | None:
        if not (self._kept and self.is_first):
            return None
        return Unsaved(str(self._runtime.config.path), self._why, WholeText(self._kept))

    async def change(self, edit: TextEdit, typed: Iterable[str] = ()) -> Config:
        """Have the file say what ``edit`` makes of it, and act by that; returns the configuration in force.

        ``typed`` are the values that are new. Raises ``ConfigError`` where the result would not be valid, or would send
        a secret that is not among them to another address, and ``NotWritten``; nothing is changed then.
        """
        async with self._lock:
            path = self._runtime.config.path
            if path is None:
                raise NotWritten("The configuration did not come from a file, so nothing can be written into it.")
            config = await asyncio.to_thread(self._changed, path, edit, typed)
            await self._runtime.reload(config)
            return self._runtime.config

    def _changed(self, path: Path, edit: TextEdit, typed: Iterable[str]) -> Config:
        before = path.read_bytes() if not starting.is_empty(path) else b""
        text = _text(path, before) if before else self._kept or starting.beginning(self._runtime.config)
        after = edit(text)
        if found := objections(text, Revision(after, guarding.typed({*typed, *map(starting.literal, typed)}))):
            raise ConfigError([str(problem) for problem in found])
        config = configuration.loads(after, os.environ, path=path)
        try:
            if before:
                replaced(path, before, after.encode("utf-8"))
            else:
                made(path, after.encode("utf-8"))
        except NotWritten as error:
            if before:
                raise
            self._kept, self._why = after, str(error)
        else:
            self._kept, self._why = "", ""
        return config


def _text(path: Path, content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise ConfigError([f"{path.name}: not UTF-8 text; save it in UTF-8"]) from None
