"""What the image needs beside the program: it may be started as root, and never works as root.

Home Assistant gives the container options that only root may read, and has no setting for the user. Unraid starts it
as root and names the owner of its files by ``PUID`` and ``PGID``. Elsewhere it is started as an ordinary user, and
nothing of this happens.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from scrobbled.core.errors import ConfigError

MARK = "SCROBBLED_CONTAINER"
"""Set in the image and nowhere else: only there anything may change its owner."""
USUAL = 1000
LARGEST = 2**32 - 2
"""The number above it means nobody at all."""
NEVER_ROOT = (
    "started as root, but without the right to become another user. Start it as an ordinary one (docker run --user "
    '1000:1000, or user: "1000:1000" in Compose), or leave it the capabilities CHOWN, DAC_OVERRIDE, SETGID and '
    "SETUID, and KILL where --init is set"
)


class Owner(Struct, frozen=True):
    """Whom the files belong to, and as whom the program works."""

    uid: int
    gid: int


class Folders(Struct, frozen=True):
    state: Path = Path("/data")
    configuration: Path = Path("/config")


FOLDERS = Folders()


def settle(environ: Mapping[str, str], folders: Folders = FOLDERS) -> None:
    """Come first of all; does nothing outside the image. Raises ``ConfigError``.

    Whoever was started as root hands the files over, and goes on as ``PUID`` and ``PGID`` (1000 each where they are not
    set). ``PUID=0`` asks for root, and stays it. Whoever was not, only minds ``UMASK``.
    """
    if not environ.get(MARK):
        return
    mask = _mask(environ)
    if mask is not None:
        os.umask(mask)
    if os.geteuid() == 0 and (owner := wanted(environ)).uid != 0:
        hand_over(folders, owner)
        become(owner)


def wanted(environ: Mapping[str, str]) -> Owner:
    """An empty value is as good as none, as forms leave such; raises ``ConfigError`` for what is no number."""
    return Owner(_number(environ, "PUID"), _number(environ, "PGID"))


def hand_over(folders: Folders, owner: Owner) -> None:
    """The state with all that is in it, and the configuration with the files beside it.

    What is mounted inside the state belongs to somebody else. What cannot be given, because it is mounted read-only or
    lies on a share that knows no owners, stays as it is: whoever opens it says whether it can be used.
    """
    with contextlib.suppress(OSError):
        device = folders.state.stat().st_dev
        for _, below, files, handle in os.fwalk(folders.state):
            if os.fstat(handle).st_dev == device:
                _give(handle, (".", *files), owner)
            else:
                below.clear()
    with contextlib.suppress(OSError):
        for _, below, files, handle in os.fwalk(folders.configuration):
            below.clear()
            _give(handle, (".", *files), owner)


def become(owner: Owner) -> None:
    """For good: neither root's groups nor its capabilities are left. Raises ``ConfigError`` where that is forbidden."""
    try:
        os.setgroups([])
        os.setgid(owner.gid)
        os.setuid(owner.uid)
    except PermissionError:
        raise ConfigError([NEVER_ROOT]) from None


def _give(handle: int, names: Sequence[str], owner: Owner) -> None:
    for name in names:
        with contextlib.suppress(OSError):
            now = os.stat(name, dir_fd=handle, follow_symlinks=False)
            if (now.st_uid, now.st_gid) != (owner.uid, owner.gid):
                os.chown(name, owner.uid, owner.gid, dir_fd=handle, follow_symlinks=False)


def _number(environ: Mapping[str, str], name: str) -> int:
    text = environ.get(name, "").strip()
    if not text:
        return USUAL
    if not re.fullmatch(r"[0-9]{1,10}", text) or int(text) > LARGEST:
        raise ConfigError([f"the environment variable {name} is {text!r}; write a number such as {USUAL}"])
    return int(text)


def _mask(environ: Mapping[str, str]) -> int | None:
    text = environ.get("UMASK", "").strip()
    if not text:
        return None
    if not re.fullmatch(r"0?[0-7]{3}", text):
        raise ConfigError([f"the environment variable UMASK is {text!r}; write three octal digits such as 022"])
    return int(text, 8)
