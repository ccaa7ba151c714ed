"""``scrobbled cache clear``: kept answers are forgotten, and nothing else."""

from __future__ import annotations

from collections.abc import Collection

from scrobbled.cli.common import configured, opened, plural, print_json, run, say
from scrobbled.config import Config
from scrobbled.core.words.plain import plain
from scrobbled.desk.clearing import ClearReport, clear
from scrobbled.store.notes.cache import AnswerPart

_WHAT = {
    AnswerPart.MEDIA: ("answer", "of catalogues and servers"),
    AnswerPart.MATCHES: ("match", "of what is what elsewhere"),
    AnswerPart.PICTURES: ("picture", "of films and shows"),
}


def clear_cache(path: str | None, parts: Collection[AnswerPart], *, as_json: bool) -> int:
    """0 when it is forgotten. No part named is all of them."""
    config = configured(path)
    report = run(_cleared(config, parts or tuple(AnswerPart)))
    if as_json:
        print_json(plain(report))
        return 0
    for part, (noun, about) in _WHAT.items():
        count = getattr(report, part.value)
        if count is not None:
            say(f"Forgotten: {_counted(count, noun)} {about}.")
    say("Plays, what was agreed on, corrections and sign-ins are as before; what is needed is asked anew.", err=True)
    return 0


def _counted(count: int, noun: str) -> str:
    return f"{count:,} matches" if noun == "match" and count != 1 else plural(count, noun)


async def _cleared(config: Config, parts: Collection[AnswerPart]) -> ClearReport:
    async with opened(config) as store:
        return await clear(store, parts)
