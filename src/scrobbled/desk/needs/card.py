"""A question on its card, with its answers as buttons."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from scrobbled.desk import words


class NeedAnswer(Struct, frozen=True):
    """One answer. ``action`` is posted with ``value``; where there is ``to``, it is a page of ours instead.

    ``warning`` is what has to be read before.
    """

    action: str
    label: str
    value: str = ""
    to: str = ""
    warning: str = ""


class Card(Struct, frozen=True):
    """One question. ``kind`` sorts questions, ``code`` is the outcome or state behind it.

    ``text`` says what happened and what it means, ``about`` whom and what it is about. ``many`` are there to be
    unfolded: ``samples`` names a few of them. ``title`` and ``play`` are there where it is about one work.
    """

    id: str
    kind: str
    code: str
    tone: str
    icon: str
    question: str
    about: str
    text: str
    answers: tuple[NeedAnswer, ...] = ()
    many: int = 1
    samples: tuple[str, ...] = ()
    title: str = ""
    media: str = ""
    play: str = ""
    since: str | None = None
    yaml: str = ""
    """The line that answers it in the configuration."""


KINDS = {
    "account": "Accounts",
    "match": "Which one is it",
    "held": "Held",
    "conflict": "Conflicts",
    "refused": "Refused",
    "plan": "Plans",
    "unclaimed": "Whose account",
    "house": "The house",
    "waiting": "Waiting by itself",
}
"""What questions are about, in the order in which they stand. Of the last nothing is asked."""


def about(*parts: str) -> str:
    return " · ".join(part for part in parts if part)


def trackers(names: Iterable[str]) -> str:
    return words.joined([words.name(name) for name in names])
