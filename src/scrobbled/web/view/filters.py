"""What templates can ask of facts: words, looks and times. A fact itself is the same that API and command tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from scrobbled.core.kinds import KINDS
from scrobbled.core.sending.change import left_out
from scrobbled.core.words.outcomes import told
from scrobbled.desk import words
from scrobbled.desk.facts import run_words
from scrobbled.web.view import now as page
from scrobbled.web.view import posters
from scrobbled.web.view.looks import stands
from scrobbled.web.view.moments import moment
from scrobbled.web.view.pairs import deeds, plans, questions, run_items, runs, takebacks


def filters(now: Callable[[], datetime]) -> Mapping[str, Callable[..., Any]]:
    """By the names that templates have for them; ``now`` is in the zone of the house."""
    return {
        "moment": lambda iso: moment(iso, now()),
        "named": words.name,
        "plural": words.plural,
        "seed": posters.seed,
        "stands": stands,
        "told": told,
        **_of_plays(now),
        **_of_pairs(now),
    }


def _of_plays(now: Callable[[], datetime]) -> Mapping[str, Callable[..., Any]]:
    return {
        "holds": lambda account: page.holds(account, now()),
        "load": page.load,
        "place": page.place,
        "reason": page.reason,
        "subtitle": page.subtitle,
        "ways": page.ways,
    }


def _of_pairs(now: Callable[[], datetime]) -> Mapping[str, Callable[..., Any]]:
    return {
        "between": run_words.between,
        "conflict": run_words.conflict_words,
        "does": lambda one: run_items.does(one, now()),
        "fate": run_items.outcome_look,
        "item_reason": run_items.reason,
        "item_tone": run_items.tone,
        "last_at": lambda run: moment(run.ended or run.started or run.asked, now()),
        "kept": lambda count, kind: f"{count:,} {KINDS[kind].noun[count != 1]}",
        "line_look": plans.line_look,
        "line_text": lambda one: plans.line_text(one, now()),
        "left_out": lambda counts: words.sentence(left_out(counts)),
        "run_look": runs.look,
        "side_names": run_words.with_names,
        "sort_of": deeds.sort,
        "summary": runs.summary,
        "took": runs.took,
        "undo_word": takebacks.word,
        "values": lambda one: questions.values(one, now()),
        "why": questions.why,
    }
