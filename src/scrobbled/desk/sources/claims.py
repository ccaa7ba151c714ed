"""Claiming: an account nobody listed is written into the configuration file, as one of a viewer's.

What waited under it is taken up as soon as the file is in force (``Ingest.claim_waiting``).
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from msgspec import Struct

from scrobbled import config as configuration
from scrobbled.config import ONE_OWNER, SOURCE_NAMES, Config, ViewerConfig, fold, loads
from scrobbled.config.changing import Append, ConfigEdit, Put, changed, unshared
from scrobbled.config.plain import at as values_at
from scrobbled.config.plain import plain
from scrobbled.config.replacing import read, replaced
from scrobbled.core.errors import ConfigError, NotWritten
from scrobbled.store import Store
from scrobbled.store.queue import overview

ANY_NAME = "me"
"""For sources that name no account: whoever lists them under any name gets what they report."""


class Claimed(Struct, frozen=True):
    """``account`` of ``source`` is listed for ``viewer`` now. ``changed`` is false where it was already.

    ``line`` is what the viewer's accounts are now, as YAML; ``copy`` the file as it was before; ``also`` who else
    lists the account, so that its plays count for all of them; ``warnings`` what was not to be said before.
    """

    viewer: str
    source: str
    account: str
    changed: bool
    line: str
    file: str
    copy: str | None
    also: tuple[str, ...]
    warnings: tuple[str, ...]


def claim(config: Config, environ: Mapping[str, str], source: str, account: str, viewer: str | None) -> Claimed:
    """Write it into the file of ``config`` and check the result; the file is read afresh, and must be valid.

    Without ``viewer`` the only one is meant. Raises ``ConfigError`` where that cannot be done, and ``NotWritten``,
    with the line to add by hand, where the file may not be changed.
    """
    if config.path is None:
        raise ConfigError(["the configuration did not come from a file, so nothing can be written into it"])
    account = _account(source, account)
    content = read(config.path)
    before = _loaded(content, config.path, environ)
    whose = _viewer(before, viewer)
    line = _line(whose, source, account)
    if fold(account) in map(fold, whose.accounts.get(source, ())):
        return _told(before, before, whose, source, account, None)
    try:
        text = with_account(content.decode("utf-8"), config.path, environ, whose.name, source, account)
        copy = replaced(config.path, content, text.encode("utf-8"))
    except NotWritten as error:
        raise NotWritten(f"{error} To claim it by hand, give {whose.name} in {config.path.name}: {line}") from None
    after = loads(text, environ, path=config.path)
    return _told(before, after, whose, source, account, copy)


def with_account(text: str, path: Path, environ: Mapping[str, str], viewer: str, source: str, account: str) -> str:
    """``text`` of the file at ``path`` with ``account`` among those by which ``source`` knows ``viewer``.

    The result is valid and says nothing else than before. Raises ``ConfigError`` where ``text`` or ``account`` is not
    valid, and ``NotWritten`` where it cannot be written in without touching more.
    """
    before = loads(text, environ, path=path)
    at = next((at for at, one in enumerate(before.viewers) if one.name == viewer), None)
    if at is None:
        raise ConfigError([f"viewers: nobody is called {viewer}"])
    listed = (*before.viewers[at].accounts.get(source, ()), account)
    whose = replace(before.viewers[at], accounts={**before.viewers[at].accounts, source: listed})
    wanted = replace(before, viewers=(*before.viewers[:at], whose, *before.viewers[at + 1 :]))
    wrong: ConfigError | None = None
    for candidate in _candidates(text, at, source, account.replace("${", "$${")):
        try:
            wrong = None
            if loads(candidate, environ, path=path) == wanted:
                return candidate
        except ConfigError as error:
            wrong = error
    if wrong is not None:  # also where nothing but the account was added: it is the account that is not valid
        raise wrong
    raise NotWritten(f"{path.name} is written in a way that cannot be added to without changing something else.")


def _candidates(text: str, at: int, source: str, account: str) -> Iterator[str]:
    """What may be the result, the one that changes least first."""
    accounts = values_at(plain(text), ("viewers", at, "accounts")) or {}
    if file := accounts.get(f"{source}_file"):
        raise NotWritten(f"{source} has its accounts in the file {file}; add a line there.")
    listed = accounts.get(source) or []
    own = {**accounts, source: [*(listed if isinstance(listed, list) else [listed]), account]}
    edits: tuple[ConfigEdit, ...] = (
        Append(("viewers", at, "accounts", source), account),
        Put(("viewers", at, "accounts"), own),
    )
    for base, edit in itertools.product((text, unshared(text)), edits):
        with contextlib.suppress(NotWritten):
            yield changed(base, [edit])


async def waiting(store: Store, source: str, account: str) -> int:
    """How many webhooks of an account wait for somebody who claims it."""
    rows = await store.read(overview.unclaimed_accounts)
    names = {fold(account), ""} if source in ONE_OWNER else {fold(account)}
    return sum(row.events for row in rows if row.source == source and fold(row.account) in names)


def _account(source: str, account: str) -> str:
    if source not in SOURCE_NAMES:
        raise ConfigError([f"no source is called {source}; there is {', '.join(SOURCE_NAMES)}"])
    account = account.strip() or (ANY_NAME if source in ONE_OWNER else "")
    if not account:
        raise ConfigError([f"{source}: say which account; what names none cannot be claimed"])
    return account


def _loaded(content: bytes, path: Path, environ: Mapping[str, str]) -> Config:
    try:
        return loads(content.decode("utf-8-sig"), environ, path=path)
    except UnicodeDecodeError:
        raise ConfigError([f"{path.name}: not UTF-8 text; save it in UTF-8"]) from None


def _viewer(config: Config, name: str | None) -> ViewerConfig:
    found = config.viewer(name) if name is not None else config.viewers[0] if len(config.viewers) == 1 else None
    if found is None:
        names = ", ".join(viewer.name for viewer in config.viewers) or "nobody"
        wrong = f"nobody is called {name}" if name is not None else "say whose account it is, with --viewer"
        raise ConfigError([f"viewers: {wrong}; there is: {names}"])
    return found


def _told(
    before: Config, after: Config, whose: ViewerConfig, source: str, account: str, copy: os.PathLike[str] | None
) -> Claimed:
    others = configuration.claimants(after, source, frozenset({fold(account)}))
    said = configuration.warnings(before)
    return Claimed(
        viewer=whose.name,
        source=source,
        account=account,
        changed=copy is not None,
        line=_line(whose, source, account),
        file=str(after.path),
        copy=None if copy is None else str(copy),
        also=tuple(viewer.name for viewer in others if viewer.name != whose.name),
        warnings=tuple(text for text in configuration.warnings(after) if text not in said),
    )


def _line(viewer: ViewerConfig, source: str, account: str) -> str:
    """All accounts of the viewer, with this one: the viewer may have such a line already."""
    listed = viewer.accounts.get(source, ())
    mine = listed if fold(account) in map(fold, listed) else (*listed, account)
    accounts = {**viewer.accounts, source: mine}
    told = ", ".join(f"{name}: [{', '.join(map(_quoted, names))}]" for name, names in accounts.items())
    return f"accounts: {{{told}}}"


def _quoted(account: str) -> str:
    """As JSON is: an id must stay text, a colon part of a name; ``${`` would be taken for a variable."""
    return json.dumps(account.replace("${", "$${"), ensure_ascii=False)
