"""Parts of the configuration as forms: drawn from the file or from what somebody sent, compared, and saved."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Mapping, Sequence

from msgspec import Struct

from scrobbled.config import Config, forms
from scrobbled.config.changing import ConfigEdit, Drop
from scrobbled.config.fields import ListOf, Named, Table, table_of
from scrobbled.config.forms import Around, Node, Posted, SectionWish, drawn, posted, shown_problems, written
from scrobbled.config.guarding import Revision
from scrobbled.config.marks import Path, shown
from scrobbled.config.plain import at, plain
from scrobbled.config.problems import Problem
from scrobbled.config.spelling import Data
from scrobbled.core.errors import NotWritten
from scrobbled.core.kinds import KINDS
from scrobbled.desk.caller import Caller
from scrobbled.desk.settings import passwords
from scrobbled.desk.settings.revisions import DiffLine, Meanwhile, Opened
from scrobbled.desk.settings.settings import NotValid, Settings, SettingsSaved, SettingsVerdict
from scrobbled.intake.household import has_effect
from scrobbled.trackers import TRACKERS

MOST_TYPED = 64
TYPED = "~typed"
LOGIN = "login.password"
OUT_OF_DATE = (
    "The file was changed meanwhile, so nothing was saved. What you changed is still here: look, then save again."
)
RENAMED = "What {} watched so far stays under that name, and the trackers may have to be signed in to again."


class Sheet(Struct, frozen=True):
    """One part as a form, and beside it the whole file as it would be. ``etag`` is that of the file as it is."""

    etag: str
    file: str
    locked: str
    is_new: bool
    nodes: tuple[Node, ...]
    lines: tuple[DiffLine, ...]
    changed: bool
    problems: tuple[Problem, ...]
    """What is wrong and stands at no field of this part."""
    looked: bool
    """Whether somebody asked what would change."""
    restart: tuple[str, ...]
    pending: tuple[str, ...]
    """What is saved already and counts only after the next start."""
    can_restart: bool
    warnings: tuple[str, ...]
    """What would be allowed but probably not meant, and is not so already."""
    refused: str = ""
    """Why what was sent was not saved."""
    meanwhile: tuple[DiffLine, ...] = ()
    """What somebody else changed in the file."""


class Sheets:
    """Secrets that were typed and not saved yet are kept here for a while, so that a page need not repeat them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._typed: dict[str, str] = {}

    async def data(self) -> Data:
        """What the file says, references as written; raises ``NotWritten`` where it cannot be read."""
        now = await self._settings.opened()
        return await asyncio.to_thread(plain, now.text)

    async def sheet(self, path: Path, form: Posted | None = None) -> Sheet:
        """From the file, or as ``form`` would have it. Raises ``NotWritten`` where the file cannot be read."""
        now = await self._settings.opened()
        return await self._drawn(now, path, form)

    async def saved(self, path: Path, form: Posted, etag: str, by: Caller) -> SettingsSaved | Sheet:
        """What was saved, or the form again with what is wrong with it."""
        now = await self._settings.opened()
        if etag != now.etag:
            return await self._out_of_date(now, path, form, etag)
        try:
            edits = await asyncio.to_thread(lambda: self._edits(now, path, self._hashed(form)))
            return await self._settings.save(now, await self._settings.edited(now, edits), by)
        except NotValid:
            return await self._drawn(now, path, form, refused="Nothing was saved yet. See what is marked below.")
        except NotWritten as error:
            return await self._drawn(now, path, form, refused=str(error))

    async def removed(self, path: Path, etag: str, by: Caller) -> SettingsSaved:
        """Without that entry. Raises ``NotValid`` and ``NotWritten``."""
        now = await self._settings.opened()
        if etag != now.etag:
            raise Meanwhile(now.etag)
        return await self._settings.save(now, await self._settings.edited(now, [Drop(path)]), by)

    async def _out_of_date(self, now: Opened, path: Path, form: Posted, etag: str) -> Sheet:
        """With what is in the file now, and of ``form`` only what somebody changed in it."""
        gone, seen = await self._settings.since(etag, now), self._settings.seen(etag)
        if seen is not None:
            form = await asyncio.to_thread(self._rebased, seen, now, path, form)
        return await self._drawn(now, path, form, refused=OUT_OF_DATE, meanwhile=gone)

    def _rebased(self, seen: Opened, now: Opened, path: Path, form: Posted) -> Posted:
        before, after = (forms.untouched(self._fields(one, path, None)) for one in (seen, now))
        return Posted(forms.rebased(form.fields, before, after), form.do)

    async def _drawn(
        self, now: Opened, path: Path, form: Posted | None, *, refused: str = "", meanwhile: Sequence[DiffLine] = ()
    ) -> Sheet:
        revision, edits = Revision(now.text), list[ConfigEdit]()
        if form is not None:
            try:
                edits = await asyncio.to_thread(self._edits, now, path, form)
                revision = await self._settings.edited(now, edits)
            except NotWritten as error:
                refused = refused or str(error)
        verdict = await self._settings.verdict(now, revision, around=None)
        unfinished = form is not None and form.do.startswith(("add ", "remove "))
        nodes, elsewhere, is_new = await asyncio.to_thread(self._nodes, now, path, form, verdict, unfinished)
        return Sheet(
            etag=now.etag,
            file=str(now.path),
            locked=now.locked,
            is_new=is_new,
            nodes=nodes,
            lines=verdict.lines,
            changed=verdict.changed,
            problems=elsewhere,
            looked=form is not None and form.do == "look" and verdict.changed,
            restart=verdict.restart,
            pending=await self._settings.pending(now),
            can_restart=self._settings.can_restart,
            warnings=(*_renaming(now, edits), *(one for one in verdict.warnings if one not in self._settings.warnings)),
            refused=refused,
            meanwhile=tuple(meanwhile),
        )

    def _nodes(
        self, now: Opened, path: Path, form: Posted | None, verdict: SettingsVerdict, unfinished: bool
    ) -> tuple[tuple[Node, ...], tuple[Problem, ...], bool]:
        """The fields, what is wrong at none of them, and whether it is all new. What is ``unfinished`` is not wrong."""
        problems = () if unfinished else verdict.problems
        nodes = self._fields(now, path, form, problems)
        here = shown_problems(nodes)
        is_new = len(path) > 1 and at(plain(now.text), path) is None
        return nodes, tuple(problem for problem in problems if problem not in here), is_new

    def _fields(
        self, now: Opened, path: Path, form: Posted | None, problems: Sequence[Problem] = ()
    ) -> tuple[Node, ...]:
        data = plain(now.text)
        around, part = _around(self._settings.config, data), at(data, path)
        return drawn(
            table_at(path),
            self._wish(path, part, form, around),
            part,
            shown(path),
            around=around,
            problems=problems,
            keep=self._keep,
            only=str(path[1]) if path[0] == "sources" else "",
        )

    def _edits(self, now: Opened, path: Path, form: Posted) -> list[ConfigEdit]:
        data = plain(now.text)
        part = at(data, path)
        wish = self._wish(path, part, form, _around(self._settings.config, data))
        found = forms.edits(table_at(path), wish, part, path, is_member=len(path) > 1)
        return [*found, *forms.following(data, found)]

    def _wish(self, path: Path, part: Data, form: Posted | None, around: Around) -> SectionWish:
        table = table_at(path)
        if form is None:
            return written(table, part, around)
        return posted(table, part, Posted(self._with_typed(form.fields), form.do), around)

    def _keep(self, secret: str) -> str:
        handle = next((known for known, text in self._typed.items() if text == secret), None)
        if handle is None:
            handle = secrets.token_urlsafe(12)
            self._typed[handle] = secret
            while len(self._typed) > MOST_TYPED:
                self._typed.pop(next(iter(self._typed)))
        return handle

    def _hashed(self, form: Posted) -> Posted:
        """With the password of this page as a hash, where somebody typed one."""
        typed = dict(self._with_typed(form.fields))
        password = (typed.get(LOGIN) or [""])[-1]
        if password and "${" not in password and not passwords.is_hashed(password):
            typed[LOGIN] = [passwords.hashed(password)]
        return Posted(typed, form.do)

    def _with_typed(self, fields: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]]:
        """With what was typed before, where nothing new was."""
        found = dict(fields)
        for name, values in fields.items():
            field = name.removesuffix(TYPED)
            if field != name and values and values[-1] in self._typed and not any(fields.get(field, ())):
                found[field] = [self._typed[values[-1]]]
        return found


def _renaming(now: Opened, edits: Sequence[ConfigEdit]) -> tuple[str, ...]:
    names = forms.new_name(plain(now.text), edits) if edits else None
    return () if names is None else (RENAMED.format(names[0]),)


def table_at(path: Path) -> Table:
    """The table of a part: a section of the whole, a source, or a viewer."""
    shape = table_of(Config).fields[str(path[0])].shape
    if isinstance(shape, Named):
        shape = shape.shapes[str(path[1])]
    elif isinstance(shape, ListOf):
        assert isinstance(shape.item, Table)
        shape = shape.item
    assert isinstance(shape, Table)
    return shape


def _around(config: Config, data: Data) -> Around:
    """What the file says, where that can be told."""
    sources, viewers = at(data, ("sources",)), at(data, ("viewers",))
    names = [one.get("name") for one in viewers if isinstance(one, Mapping)] if isinstance(viewers, list) else []
    return Around(
        tuple(name for name in sources if isinstance(name, str)) if isinstance(sources, Mapping) else (),
        tuple(name for name in names if isinstance(name, str)) or tuple(viewer.name for viewer in config.viewers),
        lambda path: has_effect(path) and not _is_beyond(data, path),
    )


def _is_beyond(data: Data, path: str) -> bool:
    """Whether it is of a kind that one of the two trackers of its pair cannot be read for."""
    found = re.fullmatch(r"viewers\[(\d+)\]\.pairs\[(\d+)\]\.(?:removals\.)?([a-z]+)(?:_metadata)?", path)
    if found is None:
        return False
    between = at(data, ("viewers", int(found[1]), "pairs", int(found[2]), "between"))
    names = [name for name in between if name in TRACKERS] if isinstance(between, list) else []
    return found[3] in KINDS and any(found[3] not in TRACKERS[name].can().reads for name in names)
