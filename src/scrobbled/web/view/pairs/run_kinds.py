"""What a run did, kind by kind, for its page; each number leads to what it counts."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from scrobbled.desk import words
from scrobbled.desk.facts.pairs import RunStory
from scrobbled.desk.facts.run_kinds import KindStory, SkipStory
from scrobbled.desk.facts.run_words import address

LEFT = "left"
DOES = ("added", "changed", "removed", LEFT)


class KindPart(Struct, frozen=True):
    """ "3 added", and where these are shown; empty where nothing is listed of them."""

    text: str
    to: str


class KindRow(Struct, frozen=True):
    """A kind. ``why`` says of what was left alone how much, why and such as."""

    kind: str
    parts: list[KindPart]
    why: list[str]


def rows(run: RunStory) -> list[KindRow]:
    return [KindRow(kind, _parts(run.id, kind, story), list(map(_why, story.why))) for kind, story in run.kinds.items()]


def requests(sent: Mapping[str, int]) -> str:
    """ "16 requests: 12 to Trakt and 4 to Serializd"; empty where none were counted."""
    told = [f"{count:,} to {words.name(service)}" for service, count in sent.items()]
    return f"{words.plural(sum(sent.values()), 'request')}: {words.joined(told)}" if told else ""


def _parts(run: str, kind: str, story: KindStory) -> list[KindPart]:
    counts = {"added": story.added, "changed": story.changed, "removed": story.removed}
    found = [KindPart(f"{count:,} {does}", _to(run, kind, does)) for does, count in counts.items() if count]
    if left := sum(story.skipped.values()):
        found.append(KindPart(f"{left:,} left alone", _to(run, kind, LEFT) if story.queued else ""))
    return found


def _to(run: str, kind: str, does: str) -> str:
    return address(f"sync/runs/{run}", {"kind": kind, "does": does}) + "#items"


def _why(skip: SkipStory) -> str:
    if not skip.some:
        return skip.text
    rest = skip.count - len(skip.some)
    return f"{skip.text} Such as {words.joined([*skip.some, f'{rest:,} more'] if rest > 0 else skip.some)}."
