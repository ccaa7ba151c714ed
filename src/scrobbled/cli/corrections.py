"""``scrobbled map``: corrections of a match."""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

import rich_click as click

from scrobbled.cli.common import configured, opened, plural, print_json, redactor, run, say
from scrobbled.config import Config
from scrobbled.core.errors import BadCorrection
from scrobbled.core.naming.correction_words import TypedCorrection, stored
from scrobbled.core.words.plain import plain
from scrobbled.desk.corrections import correct
from scrobbled.desk.corrections.correct import Changed, CorrectionStory, Trial, WaitingPlay
from scrobbled.desk.facts import ids as ids_facts
from scrobbled.runtime import service as runtime
from scrobbled.store import Store
from scrobbled.store.queue import corrections

T = TypeVar("T")
SHOWN = 20
"""So many plays are named one by one; ``--json`` has all."""
_EPISODE = re.compile(r"(.*\S)\s+(?:s(\d{1,5})\s*e(\d{1,5})|(\d{1,5})(?:\s+|x)(\d{1,5}))\Z", re.ASCII | re.IGNORECASE)
_COUNTED = re.compile(r"(.*\S)\s+e?(\d{1,5})\Z", re.ASCII | re.IGNORECASE)


def list_corrections(path: str | None, *, as_json: bool) -> int:
    config = configured(path)
    found = run(_with(config, lambda store: store.read(correct.listed)))
    if as_json:
        print_json([plain(story) for story in found])
        return 0
    for story in found:
        say(_line(story))
    if not found:
        say("No corrections. scrobbled map set --help shows how to make one.")
    return 0


def set_correction(path: str | None, what: str, wish: Mapping[str, Any], *, as_json: bool) -> int:
    config = configured(path)
    names = [viewer.name for viewer in config.viewers]
    asked = TypedCorrection(what=what, **wish)
    done = _typed(lambda: _write(config, lambda db: correct.put(db, asked, names, time.time())))
    if as_json:
        print_json(plain(done))
        return 0
    say(_line(done.correction))
    for name in done.replaced:
        say(f"It replaces {name}.")
    left_out = done.correction.to == "ignore"
    _tell_waiting(
        done, "left out" if left_out else "looked up anew", "No waiting play is affected; later ones will be."
    )
    return 0


def remove_corrections(path: str | None, ids: Sequence[str], *, as_json: bool) -> int:
    """1 when one was named that there is not."""
    config = configured(path)
    wanted = {text: _number(text) for text in ids}
    done = {text: _write(config, lambda db, n=n: correct.remove(db, n, time.time())) for text, n in wanted.items()}  # type: ignore[misc]
    missing = [text for text, changed in done.items() if changed is None]
    if as_json:
        removed = [plain(changed) for changed in done.values() if changed is not None]
        print_json({"removed": removed, "missing": missing})
    else:
        for changed in filter(None, done.values()):
            say(f"Removed {_line(changed.correction)}")
            _tell_waiting(changed, "looked up anew", "Nothing that waits is affected.")
        for text in missing:
            say(f"There is no correction {text}; scrobbled map list shows them.", err=True)
    return 1 if missing else 0


def test_correction(
    path: str | None, words: Sequence[str], viewer: str | None, *, movie: bool, absolute: bool, as_json: bool
) -> int:
    """1 when a service could not be asked."""
    config = configured(path, log_from="error")
    what, season, number = _split(" ".join(words), movie=movie, absolute=absolute)

    async def ask(store: Store) -> list[Trial]:
        correct.known_viewer(viewer, [viewer.name for viewer in config.viewers])
        item = await store.read(lambda db: correct.item_for(db, what, season, number, movie=movie, absolute=absolute))
        return await _asked(config, store, item, viewer)

    trials = _typed(lambda: run(_with(config, ask)))
    if as_json:
        print_json([plain(trial) for trial in trials])
    else:
        _tell_trials(trials)
    return 1 if any(trial.verdict == "unknown" for trial in trials) else 0


async def _asked(config: Config, store: Store, item: Any, viewer: str | None) -> list[Trial]:
    """Wired as ``serve`` wires it, with nothing running that would deliver."""
    service = runtime.build(config, store=store, redactor=redactor())
    try:
        known = await store.read(corrections.in_force)
        accounts = {who: courier.tracker for who, courier in service.couriers.items() if viewer in (None, who[0])}
        return await correct.tried(item, accounts, known)
    finally:
        await service.aclose()


def _split(text: str, *, movie: bool, absolute: bool) -> tuple[str, int | None, int | None]:
    """Title, season and number, however somebody writes them: "2 5", "S2E5", "2x5"."""
    if movie or stored(text):
        return text, None, None
    if match := _EPISODE.match(text):
        title, season, number, *plain = match.groups()
        season, number = (season, number) if number is not None else plain
        return title, int(season), int(number)
    if absolute and (match := _COUNTED.match(text)):
        return match[1], None, int(match[2])
    return text, None, None


def _tell_waiting(changed: Changed, done: str, nothing: str) -> None:
    """``done`` is what becomes of what waited, ``nothing`` the sentence where there is none of it."""
    if not changed.waiting:
        say(nothing)
        return
    say(f"{plural(len(changed.waiting), 'waiting play')} {done}:")
    for play in changed.waiting[:SHOWN]:
        say(f"  {_play(play)}")
    if len(changed.waiting) > SHOWN:
        say(f"  and {len(changed.waiting) - SHOWN} more; scrobbled queue list shows all that waits.")


def _tell_trials(trials: Sequence[Trial]) -> None:
    for trial in trials:
        say(f"{trial.viewer}/{trial.tracker}: {_verdict(trial)}")
        if trial.correction:
            say(f"  correction {trial.correction} applies")
        for candidate in trial.candidates:
            say(f"  perhaps {_candidate(candidate)}")
    if not trials:
        say("Nobody is asked: no viewer has a tracker that this version delivers to.")


def _verdict(trial: Trial) -> str:
    if trial.verdict == "found":
        return f"{trial.item} is {trial.entry} ({trial.confidence}: {trial.how})"
    said = {"unknown": "could not be asked", "parked": "is not in the catalogue"}.get(trial.verdict, trial.verdict)
    return f"{trial.item} {said}: {trial.reason}"


def _candidate(candidate: Mapping[str, Any]) -> str:
    year = f" ({candidate['year']})" if "year" in candidate else ""
    place = f" S{candidate['season']} E{candidate['number']}" if {"season", "number"} <= candidate.keys() else ""
    tmdb = f", tmdb:{candidate['tmdb']}" if "tmdb" in candidate else ""
    return f"{candidate.get('title', '')}{year}{place}{tmdb}: {candidate.get('why', '')}"


def _line(story: CorrectionStory) -> str:
    return f"{story.id}  {story.text}"


def _play(play: WaitingPlay) -> str:
    return f"{play.id}  {play.viewer}/{play.tracker}  {play.label}  {play.play_id}"


def _number(text: str) -> int:
    found = ids_facts.number(text, "m")
    if found is None:
        raise click.UsageError(f"{text} is not the ID of a correction; scrobbled map list shows them, like m3.")
    return found


def _typed(work: Callable[[], T]) -> T:
    """What was typed wrong is wrong usage."""
    try:
        return work()
    except BadCorrection as error:
        raise click.UsageError(str(error)) from None


def _write(config: Config, work: Callable[[Any], T]) -> T:
    return run(_with(config, lambda store: store.write(work)))


async def _with(config: Config, work: Callable[[Store], Awaitable[T]]) -> T:
    async with opened(config) as store:
        return await work(store)
