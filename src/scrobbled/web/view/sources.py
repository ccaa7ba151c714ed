"""What is said of a media server that is being connected: its address as seen from here, and what was heard of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.config import BY_VIEWER
from scrobbled.core.naming.names import name
from scrobbled.core.watching.sessions import TEST_EVENT
from scrobbled.core.words.outcomes import EventOutcome, PlayOutcome, told
from scrobbled.core.words.reasons import TESTS
from scrobbled.desk.caller import Caller
from scrobbled.desk.facts.plays import EventStory, PlayStory
from scrobbled.desk.masking import WholeText
from scrobbled.desk.sources.connections import SourceConnection
from scrobbled.desk.sources.guides import Guide
from scrobbled.web.view.moments import Moment, moment

GUESS = (
    "This is a guess at how your media server reaches this machine. If it is known there under another name or "
    "address, change the beginning, or set it for good in the settings (server.public_url)."
)
HERE = (
    "This is the address by which you opened this page. Your media server has to reach scrobbled by it too; if it is "
    "known there under another one, change the beginning."
)


class ArrivedWebhook(Struct, frozen=True):
    """What arrived, for the place that turns green. ``event`` is the id of its story, empty where there is none."""

    tone: str
    icon: str
    title: str
    text: str
    when: Moment | None
    event: str


def heard(one: SourceConnection, now: datetime) -> ArrivedWebhook:
    """Of the newest webhook; where none came, what is waited for, and what came with a wrong token."""
    event, when = one.newest, moment(one.last_heard, now)
    if not one.events:
        return _silent(one, now)
    if event is None:
        return ArrivedWebhook("ok", "check", f"{_begun(one)} reports here", "Nothing came lately.", when, "")
    title, tone, icon = f"{_begun(one)} reports here", "ok", "check"
    if one.only_tests:
        title, tone, icon = "The address works. Now play something", "waiting", "clock"
    elif event.outcome == EventOutcome.UNCLAIMED:
        title, tone, icon = f"{_begun(one)} reports here. One thing is missing", "need", "question"
    elif event.outcome == EventOutcome.UNREADABLE:
        tone, icon = "need", "alert"
    return ArrivedWebhook(tone, icon, title, _of(event, one.plays), moment(event.received_at, now), event.id)


def _silent(one: SourceConnection, now: datetime) -> ArrivedWebhook:
    if one.refused:
        text = "Something called, but with a wrong address. Copy the address again, all of it, and paste it there."
        return ArrivedWebhook("need", "alert", "Almost", text, moment(one.last_refused, now), "")
    text = "As soon as the first message arrives, this turns green by itself."
    return ArrivedWebhook("waiting", "clock", f"Waiting for {called(one)}", text, None, "")


def _of(event: EventStory, plays: Sequence[PlayStory]) -> str:
    """One sentence: what it was, and whether it counted; ``plays`` are what its viewing became."""
    what = event.label or "A message"
    who = f" on the account {event.account}" if event.account else ""
    if event.reason_code in TESTS:
        rest = event.reason.removeprefix(TEST_EVENT).strip("; ")
        return "A test event arrived and was understood." + (f" {told(rest)}" if rest else "")
    if plays and (event.plays or event.outcome == EventOutcome.DUPLICATE):
        people = " and ".join(dict.fromkeys(play.viewer for play in plays))
        return f"{what}{who}: it counts, and is a play of {people} now{_reached(plays)}."
    if event.outcome == EventOutcome.ACCEPTED:
        return f"{what}{who}: somebody is watching. It counts when most of it was watched."
    if event.outcome == EventOutcome.UNCLAIMED:
        return f"{what}{who}. Nobody here lists that account yet, so nothing was sent."
    if event.outcome == EventOutcome.DUPLICATE:
        return f"{what}{who}: part of a viewing that counted already."
    return f"{what}{who}: it did not count. {told(event.reason)}"


def _reached(plays: Sequence[PlayStory]) -> str:
    """Where it has come to, like ", delivered to Serializd and Trakt"."""
    where: dict[str, list[str]] = {}
    for delivery in (delivery for play in plays for delivery in play.deliveries):
        where.setdefault(_REACHED.get(delivery.outcome, "waits at"), []).append(name(delivery.tracker))
    return "".join(f", {words} {' and '.join(dict.fromkeys(names))}" for words, names in where.items())


_REACHED: Mapping[str, str] = {
    PlayOutcome.DELIVERED: "delivered to",
    PlayOutcome.ALREADY_THERE: "there already at",
    PlayOutcome.ECHO: "there already at",
    PlayOutcome.QUEUED: "on its way to",
    PlayOutcome.UNWANTED: "not for",
    PlayOutcome.UNDONE: "taken back from",
}


def _begun(one: SourceConnection) -> str:
    name = called(one)
    return name[:1].upper() + name[1:]


def called(one: SourceConnection) -> str:
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
    return replace(guide, url=WholeText(f"{caller.scheme}://{caller.host}{caller.prefix}{path}"), guess=HERE)
