"""What is said of a media server that is being connected: its address as seen from here, and what was heard of it."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.config import BY_VIEWER
from scrobbled.core.outcomes import EventOutcome, told
from scrobbled.core.sessions import TEST_EVENT
from scrobbled.setting_up import Guide
from scrobbled.summary import EventStory
from scrobbled.web.access import Caller
from scrobbled.web.connecting import Connection
from scrobbled.web.view.moments import Moment, moment

GUESS = (
    "This is a guess at how your media server reaches this machine. If it is known there under another name or "
    "address, change the beginning, or set it for good in the settings (server.public_url)."
)
HERE = (
    "This is the address by which you opened this page. Your media server has to reach scrobbled by it too; if it is "
    "known there under another one, change the beginning."
)


class Heard(Struct, frozen=True):
    """What arrived, for the place that turns green. ``event`` is the id of its story, empty where there is none."""

    tone: str
    icon: str
    title: str
    text: str
    when: Moment | None
    event: str


def heard(one: Connection, now: datetime) -> Heard:
    """Of the newest webhook; where none came, what is waited for, and what came with a wrong token."""
    event, when = one.newest, moment(one.last_heard, now)
    if not one.events:
        return _silent(one, now)
    if event is None:
        return Heard("ok", "check", f"{_begun(one)} reports here", "Nothing came lately.", when, "")
    title, tone, icon = f"{_begun(one)} reports here", "ok", "check"
    if one.only_tests:
        title, tone, icon = "The address works. Now play something", "waiting", "clock"
    elif event.outcome == EventOutcome.UNCLAIMED:
        title, tone, icon = f"{_begun(one)} reports here. One thing is missing", "need", "question"
    elif event.outcome == EventOutcome.UNREADABLE:
        tone, icon = "need", "alert"
    return Heard(tone, icon, title, _of(event), moment(event.received_at, now), event.id)


def _silent(one: Connection, now: datetime) -> Heard:
    if one.refused:
        text = "Something called, but with a wrong address. Copy the address again, all of it, and paste it there."
        return Heard("need", "alert", "Almost", text, moment(one.last_refused, now), "")
    text = "As soon as the first message arrives, this turns green by itself."
    return Heard("waiting", "clock", f"Waiting for {called(one)}", text, None, "")


def _of(event: EventStory) -> str:
    """One sentence: what it was, and whether it counted."""
    what = event.label or "A message"
    who = f" on the account {event.account}" if event.account else ""
    if event.reason.startswith(TEST_EVENT):
        rest = event.reason.removeprefix(TEST_EVENT).strip("; ")
        return "A test event arrived and was understood." + (f" {told(rest)}" if rest else "")
    if event.plays:
        people = " and ".join(dict.fromkeys(play.viewer for play in event.plays))
        return f"{what}{who}: it counts, and is a play of {people} now."
    if event.outcome == EventOutcome.ACCEPTED:
        return f"{what}{who}: somebody is watching. It counts when most of it was watched."
    if event.outcome == EventOutcome.UNCLAIMED:
        return f"{what}{who}. Nobody here lists that account yet, so nothing was sent."
    if event.outcome == EventOutcome.DUPLICATE:
        return f"{what}{who}: part of a viewing that counted already."
    return f"{what}{who}: it did not count. {told(event.reason)}"


def _begun(one: Connection) -> str:
    name = called(one)
    return name[:1].upper() + name[1:]


def called(one: Connection) -> str:
    """What it is called in a sentence: "Plex", "your player"."""
    return "your player" if one.source in BY_VIEWER else one.title


def seen_from(guide: Guide, caller: Caller) -> Guide:
    """The guide with the address by which the page was opened, where the configuration does not say a better one.

    A name that only means this very machine, or Home Assistant's own door, helps nobody else.
    """
    name = urlsplit(f"//{caller.host}").hostname or ""
    if not guide.guess:
        return guide
    if caller.is_ingress or name in ("localhost", "127.0.0.1", "::1"):
        return replace(guide, guess=GUESS)
    path = urlsplit(guide.url).path
    return replace(guide, url=f"{caller.scheme}://{caller.host}{caller.prefix}{path}", guess=HERE)
