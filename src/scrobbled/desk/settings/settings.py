"""What API and pages ask about the configuration file, and have changed in it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence

from msgspec import Struct

from scrobbled import config as configuration
from scrobbled.config import Config, SettingRow
from scrobbled.config.changing import ConfigEdit, changed
from scrobbled.config.guarding import Revision, touches_the_door, typed_by, typed_in
from scrobbled.config.problems import Problem
from scrobbled.config.veil import Veil
from scrobbled.core.errors import ConfigError, NotWritten, StoreError
from scrobbled.desk.caller import Caller
from scrobbled.desk.masking import WholeText
from scrobbled.desk.settings import revisions
from scrobbled.desk.settings.revisions import DiffLine, Meanwhile, Opened, SettingsDraft
from scrobbled.intake.household import without_effect
from scrobbled.runtime.service import Runtime
from scrobbled.store.keeping import backup

AT_START = (("server", "host"), ("server", "port"), ("server", "ingress"), ("storage", "path"))
AFTER_THE_ANSWER = 0.3
"""Seconds until a restart begins, so that whoever asked is told."""
NEEDS_LOGIN = (
    "Without a login nobody can tell whether it is you, so secrets and what stands below server are changed in the "
    "configuration file only. Put a login there first: server, login, with username and password."
)
MOST_EDITS = 200
"""The text is read anew after each."""
REMEMBERED = 8
"""Texts that were handed out lately, to show what somebody else changed meanwhile."""


class Document(Struct, frozen=True):
    """The file as it is now. ``yaml`` has tokens where secrets stand, ``settings`` what is in force."""

    file: str
    etag: str
    locked: str
    """Why it cannot be changed; empty where it can."""
    yaml: str
    problems: tuple[Problem, ...]
    warnings: tuple[str, ...]
    settings: tuple[SettingRow, ...]


class SettingsVerdict(Struct, frozen=True):
    """What would become of a text. ``restart`` are settings that count only after the next start."""

    valid: bool
    changed: bool
    problems: tuple[Problem, ...]
    warnings: tuple[str, ...]
    restart: tuple[str, ...]
    lines: tuple[DiffLine, ...]
    """What changes, with three lines around."""


class SettingsSaved(Struct, frozen=True):
    """It is written and in force. ``copy`` is the file as it was before; null where nothing changed."""

    etag: str
    copy: str | None
    restart: tuple[str, ...]
    warnings: tuple[str, ...]
    lines: tuple[DiffLine, ...]

    @property
    def did(self) -> str:
        """The code by which the next page tells it, see ``view.notices``."""
        if self.copy is None:
            return "unchanged"
        return "saved-restart" if self.restart else "saved"


class NotValid(ConfigError):
    """What was to be saved has problems; nothing was."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__([str(problem) for problem in problems])
        self.found = tuple(problems)


class Settings:
    """One change at a time."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._saving = asyncio.Lock()
        self._seen: dict[str, Opened] = {}

    @property
    def config(self) -> Config:
        """As it is in force."""
        return self._runtime.config

    @property
    def warnings(self) -> list[str]:
        """What is in force and probably not meant."""
        config = self._runtime.config
        return [*configuration.warnings(config), *without_effect(config)]

    async def opened(self) -> Opened:
        """The file, secrets and all: for this side of the page only. Raises ``NotWritten``."""
        return self._remembered(await asyncio.to_thread(revisions.opened, self._runtime.config.path))

    async def document(self) -> Document:
        """Raises ``NotWritten``."""
        now = await self.opened()
        draft = await self.drafted(now, Revision(now.text))
        return Document(
            file=str(now.path),
            etag=now.etag,
            locked=now.locked,
            yaml=await self.veiled(now.text),
            problems=draft.problems,
            warnings=draft.warnings,
            settings=tuple(configuration.show(self._runtime.config)),
        )

    async def veiled(self, text: str) -> str:
        """With tokens where secrets stand."""
        return WholeText(await asyncio.to_thread(lambda: Veil(text, self._runtime.redactor).text()))

    async def drafted(self, before: Opened, revision: Revision) -> SettingsDraft:
        return await asyncio.to_thread(revisions.drafted, before, revision, os.environ, self._runtime.config)

    async def lifted(self, yaml: str, etag: str | None) -> tuple[Opened, Revision]:
        """The file that ``yaml`` was made from, and the text with its secrets back in place.

        Raises ``Meanwhile`` for an ``etag`` that is not that of the file, and ``NotValid`` for strange tokens.
        """
        now = await self.opened()
        if etag is not None and etag != now.etag:
            raise Meanwhile(now.etag)
        if (large := revisions.too_large(yaml)) is not None:
            raise NotValid([large])
        written = revisions.as_written(yaml, now.text)
        text, problems = await asyncio.to_thread(lambda: Veil(now.text, self._runtime.redactor).lifted(written))
        if problems:
            raise NotValid(problems)
        return now, Revision(text, await asyncio.to_thread(typed_in, written))

    async def checked(self, yaml: str) -> SettingsVerdict:
        """What would become of it; raises ``NotWritten`` where there is no file."""
        try:
            now, revision = await self.lifted(yaml, None)
        except NotValid as error:
            return SettingsVerdict(False, True, error.found, (), (), ())
        return await self.verdict(now, revision)

    async def verdict(self, now: Opened, revision: Revision, *, around: int | None = 3) -> SettingsVerdict:
        """With so many lines around each change, or with ``None`` with all."""
        draft, text = await self.drafted(now, revision), revision.text
        return SettingsVerdict(
            valid=draft.config is not None,
            changed=text != now.text,
            problems=draft.problems,
            warnings=draft.warnings,
            restart=self._restart(draft),
            lines=tuple(await self.compared(now.text, text, around=around)),
        )

    async def edited(self, now: Opened, edits: Sequence[ConfigEdit]) -> Revision:
        """The text after these changes, in which stands what was typed; raises ``NotWritten``."""
        if len(edits) > MOST_EDITS:
            raise NotWritten("These are too many changes at once. Use the YAML editor.")
        return Revision(await asyncio.to_thread(changed, now.text, edits), typed_by(edits))

    async def save(self, before: Opened, revision: Revision, by: Caller) -> SettingsSaved:
        """Write it and put it in force; after ``NotValid``, ``Meanwhile`` or ``NotWritten`` nothing was done."""
        async with self._saving:
            draft, text = await self.drafted(before, revision), revision.text
            if draft.config is None:
                raise NotValid(draft.problems)
            knows_you = self.config.server.login is not None or by.is_ingress or by.has_token
            if not knows_you and await asyncio.to_thread(touches_the_door, before.text, text):
                raise NotWritten(NEEDS_LOGIN)
            await asyncio.to_thread(self._try_folder, draft.config)
            told = set(self.warnings)
            restart = self._restart(draft)
            copy = await asyncio.to_thread(revisions.put_down, before, text)
            await self._runtime.reload(draft.config)
        now = await self.opened()
        return SettingsSaved(
            etag=now.etag,
            copy=None if copy is None else str(copy),
            restart=restart,
            warnings=tuple(warning for warning in draft.warnings if warning not in told),
            lines=tuple(await self.compared(before.text, text, around=3)),
        )

    def _try_folder(self, config: Config) -> None:
        """A folder for copies that cannot be used is noticed now, and not when the first copy is due."""
        folder = config.storage.backup.folder
        if folder is None or folder == self._runtime.config.storage.backup.folder:
            return
        try:
            backup.prepare(folder)
        except StoreError as error:
            raise NotWritten(f"Nothing was saved. {error}") from None

    @property
    def can_restart(self) -> bool:
        return self._runtime.can_restart

    async def pending(self, now: Opened) -> tuple[str, ...]:
        """What the file says already and what counts only after the next start."""
        return self._restart(await self.drafted(now, Revision(now.text)))

    async def restart(self) -> None:
        """End cleanly and begin again in a moment, after this answer.

        Raises ``NotWritten`` where that cannot be, and ``NotValid`` for a file by which nothing could begin.
        """
        if not self._runtime.can_restart:
            raise NotWritten("This cannot be started again from here. Restart its container or service.")
        now = await self.opened()
        draft = await self.drafted(now, Revision(now.text))
        if draft.config is None:
            raise NotValid(draft.problems)
        asyncio.get_running_loop().call_later(AFTER_THE_ANSWER, self._runtime.restart)

    async def previous(self) -> str | None:
        """The text before the last change, secrets and all."""
        path = self._runtime.config.path
        return None if path is None else await asyncio.to_thread(revisions.previous, path)

    async def back(self) -> SettingsVerdict | None:
        """What putting the text from before back would do; ``None`` where there is none."""
        text = await self.previous()
        return None if text is None else await self.verdict(await self.opened(), Revision(text))

    async def put_back(self, etag: str | None, by: Caller) -> SettingsSaved:
        """Over the file with that ``etag``, or over any. Raises as ``save`` does."""
        now, text = await self.opened(), await self.previous()
        if text is None:
            raise NotWritten("There is no file from before.")
        if etag is not None and etag != now.etag:
            raise Meanwhile(now.etag)
        return await self.save(now, Revision(text), by)  # which stood in the file before

    async def compared(self, before: str, after: str, *, around: int | None = None) -> list[DiffLine]:
        return await asyncio.to_thread(revisions.compared, before, after, self._runtime.redactor, around=around)

    def seen(self, etag: str) -> Opened | None:
        """The file as it was when it had that ``etag``; ``None`` where that is not known any more."""
        return self._seen.get(etag)

    async def since(self, etag: str, now: Opened) -> list[DiffLine]:
        """What was changed since the file had that ``etag``; nothing where that is not known any more."""
        seen = self.seen(etag)
        return [] if seen is None else await self.compared(seen.text, now.text, around=2)

    def _restart(self, draft: SettingsDraft) -> tuple[str, ...]:
        """What cannot change while we run: where we listen, and the database."""
        if draft.config is None:
            return ()
        now, then = self._runtime.config, draft.config
        return tuple(
            f"{part}.{name}"
            for part, name in AT_START
            if getattr(getattr(now, part), name) != getattr(getattr(then, part), name)
        )

    def _remembered(self, now: Opened) -> Opened:
        self._seen.pop(now.etag, None)
        self._seen[now.etag] = now
        while len(self._seen) > REMEMBERED:
            self._seen.pop(next(iter(self._seen)))
        return now
