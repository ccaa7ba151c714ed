"""What a tracker holds, on the wall and as a page of its own: how old that is, and what never came by us. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from scrobbled.desk import words
from scrobbled.desk.facts.plays import PlayStory
from scrobbled.desk.plays.held import HeldStory
from scrobbled.desk.plays.pieces import MirrorStory
from scrobbled.web.view.looks import Look
from scrobbled.web.view.moments import Moment, moment

THERE = Look("ok", "check", "there")
NEVER = "It never came by scrobbled."
SAME_READ = 600.0
"""Seconds that a reading of everything may take from its beginning to its end."""


class MirrorLine(Struct, frozen=True):
    """ "Trakt holds 1,204 plays, as of", when it was read, and how well; ``notes`` are sentences on what is amiss."""

    text: str
    when: Moment | None
    read: str
    notes: list[str]
    is_well: bool


class HeldPage(Struct, frozen=True):
    """One thing that a tracker holds and we did not bring there."""

    play: PlayStory
    on: str
    """The tracker, for people."""
    when: Moment | None
    look: Look
    facts: list[str]
    """Sentences."""
    mirror: MirrorLine


def lines(mirrors: Sequence[MirrorStory], now: datetime) -> list[MirrorLine]:
    return [line(one, now, names_viewer=len(mirrors) > 1) for one in mirrors]


def line(one: MirrorStory, now: datetime, *, names_viewer: bool) -> MirrorLine:
    name = words.name(one.tracker)
    whose = f" of {one.viewer}" if names_viewer else ""
    holds = f"calls {words.plural(one.holds, 'title')} watched" if one.is_library else words.plural(one.holds, "play")
    read = "read complete" if one.complete else "not read completely"
    return MirrorLine(
        text=f"{name}{whose} {holds if one.is_library else f'holds {holds}'}, as of",
        when=moment(one.read, now),
        read=read,
        notes=_notes(one, now),
        is_well=one.complete,
    )


def _notes(one: MirrorStory, now: datetime) -> list[str]:
    told, read, fully = list[str](), moment(one.read, now), moment(one.read_fully, now)
    if one.doubt:
        told.append(f"Its last listing is not believed: {one.doubt}. What stood here before stays until one is.")
    if one.left_out:
        counts = (f"{words.plural(count, 'row')}: {why}" if count > 1 else why for why, count in one.left_out.items())
        told.append(f"Left out: {'; '.join(counts)}.")
    if read and fully and (read.at - fully.at).total_seconds() > SAME_READ:
        told.append(f"All of it was last gone through {fully.ago}: what is removed there leaves when it is again.")
    if one.since:
        verb = "stands" if one.since == 1 else "stand"
        told.append(f"{words.plural(one.since, 'play')} arrived there since, and {verb} here too.")
    return told


def is_only_there(play: PlayStory) -> bool:
    """Whether it is told of what a tracker holds, and is no play of ours."""
    return "/" in play.id


def spot_id(play: PlayStory) -> str:
    """By which the page knows its tile."""
    return f"h{hashlib.sha256(play.id.encode()).hexdigest()[:16]}" if is_only_there(play) else play.id


def page(found: HeldStory, now: datetime) -> HeldPage:
    play, on = found.story, words.name(found.story.source)
    when, first = moment(play.watched_at, now), moment(play.received_at, now)
    holds = f"{on} holds it" if not play.times else f"{on} calls it watched"
    facts = [
        f"{holds}{f', {play.times} times' if play.times > 1 else ''}. {NEVER}",
        f"A reading of {play.viewer}'s account found it first on {first.exact}." if first else "",
    ]
    mirror = line(found.mirror, now, names_viewer=True)
    return HeldPage(play, on, when, THERE, [one for one in facts if one], mirror)
