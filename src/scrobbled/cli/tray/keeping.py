"""The one thing the icon keeps: a token for each address it was made for, in a file that only its owner reads."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

NAME = "tray.json"


def place(environ: Mapping[str, str], home: Path, system: str = sys.platform) -> Path:
    """Where the system has such files of a user."""
    if system == "win32":
        return Path(environ.get("LOCALAPPDATA") or home / "AppData/Local") / "scrobbled" / NAME
    if system == "darwin":
        return home / "Library/Application Support/scrobbled" / NAME
    return Path(environ.get("XDG_STATE_HOME") or home / ".local/state") / "scrobbled" / NAME


def token(file: Path, url: str) -> str:
    """Empty where none is kept for this very address: a token goes nowhere else."""
    return _kept(file).get(url, "")


def keep(file: Path, url: str, token: str) -> None:
    """Only its owner may read it, at no moment anybody else. Raises ``OSError``."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=file.parent)  # made for its owner alone
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as written:
            json.dump({**_kept(file), url: token}, written, indent=2)
        Path(draft).replace(file)
    except OSError:
        with contextlib.suppress(OSError):
            Path(draft).unlink()
        raise


def _kept(file: Path) -> dict[str, str]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {url: one for url, one in found.items() if isinstance(one, str)} if isinstance(found, dict) else {}
