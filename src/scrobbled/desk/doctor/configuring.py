"""The configuration: its problems, what is probably not meant, what has no effect, and who may read its secrets."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from scrobbled import config as configuration
from scrobbled.config.loading import is_there
from scrobbled.core.errors import said
from scrobbled.core.words.checks import Check, ok, problem, skipped, warning
from scrobbled.desk.doctor.bounded import in_thread
from scrobbled.desk.doctor.patient import Patient
from scrobbled.intake.household import without_effect
from scrobbled.plumbing.redact import MASK

DOCKER_SECRETS = Path("/run/secrets")
"""Container engines make them readable for all within the container, where there is nobody else."""


async def configured(patient: Patient) -> list[Check]:
    return [*_problems(patient), *_warnings(patient), *await in_thread(lambda: _permissions(patient))]


def _problems(patient: Patient) -> Iterator[Check]:
    step = "Put it right; scrobbled config check tells when it is. The rest was examined without this part."
    for text in patient.problems:
        yield problem("configuration", text, step)
    if not patient.problems:
        settings = len(patient.config.origins)
        yield ok("configuration", f"Valid; {settings} settings.", settings=settings)


def _warnings(patient: Patient) -> Iterator[Check]:
    for text in (*patient.warnings, *configuration.warnings(patient.config)):
        yield warning("configuration", f"{text}.", "Change it, or leave it if it is meant so.")
    for text in without_effect(patient.config):
        yield warning("configuration", f"{text}.", "Remove it, or wait for a version that can.")


def _permissions(patient: Patient) -> list[Check]:
    """Only what holds secrets has to be closed, and only files of this machine can be looked at."""
    files = list(dict.fromkeys(_secret_files(patient)))
    if not files:
        return [ok("permissions", "No secret stands in a file.")]
    found = [check for path in files if (check := _permission(path)) is not None]
    return found or [ok("permissions", "Files with secrets can be read by their owner only.", files=len(files))]


def _secret_files(patient: Patient) -> Iterator[Path]:
    """The configuration, where a secret is written in it, and each file that a secret was read from."""
    path, environ = patient.config.path, patient.environ
    folder = path.parent if path else Path()
    secret = {row.path for row in configuration.show(patient.config) if MASK in row.value}
    for name in secret:
        place = patient.config.origins[name].place if name in patient.config.origins else None
        if place == "" and path is not None:
            yield path
        elif place and place.startswith("file of environment "):
            yield Path(environ.get(place.removeprefix("file of environment "), ""))
        elif place and place.startswith("file "):
            yield folder / place.removeprefix("file ")
    if is_there(patient.database):
        yield patient.database  # it holds the sign-ins


def _permission(path: Path) -> Check | None:
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return skipped("permissions", f"{path}: cannot be looked at ({said(error)}).")
    if not mode & stat.S_IROTH or path.is_relative_to(DOCKER_SECRETS):
        return None
    text = f"{path} holds secrets and everybody on this machine may read it (mode {stat.S_IMODE(mode):o})."
    return warning("permissions", text, f"Run: chmod o-rwx {path}", mode=f"{stat.S_IMODE(mode):o}")
