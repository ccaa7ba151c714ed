"""Plex Media Server webhooks: https://support.plex.tv/articles/115002267687-webhooks/"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.core.watching.events import Account, EventKind, PlaybackEvent
from scrobbled.core.words.reasons import UNKNOWN_EVENT
from scrobbled.plumbing.fields import Malformed, decimal, is_blank, milliseconds, section, text
from scrobbled.sources.base import Ignored, Setup, Source, unknown_form
from scrobbled.sources.examples import MARK, MINUTES, TITLE, Example, ExampleBody, as_form, is_number
from scrobbled.sources.plex_items import MAX_KEY, of, subject_of
from scrobbled.sources.plex_polled import SESSION, in_session, listed
from scrobbled.sources.ratings import rated
from scrobbled.sources.times import moment

KINDS = {
    "media.play": EventKind.START,
    "media.pause": EventKind.PAUSE,
    "media.resume": EventKind.RESUME,
    "media.stop": EventKind.STOP,
    "media.scrobble": EventKind.WATCHED,
    "media.rate": EventKind.RATED,
    "library.new": EventKind.ADDED,
}
OTHERS = frozenset({"playback.started", "library.on.deck"})
"""``playback.started`` repeats the ``media.play`` of a shared user."""
_OTHER_FAMILIES = ("admin.", "device.")
_FAMILIES = ("media.", "library.", "playback.", *_OTHER_FAMILIES)
POLLED_KINDS = {**KINDS, "media.progress": EventKind.PROGRESS}
"""What we see in sessions ourselves; webhooks tell no progress."""

TRUSTED_DISTANCE = timedelta(minutes=15)
"""``lastViewedAt`` of a scrobble is the view itself; farther from receipt it is the view before, or a wrong clock."""
MAX_NAME = 200
_PARTS = ("Account", "Server", "Player", "Metadata")


class PlexSource(Struct, frozen=True):
    """The ``payload`` of a Plex webhook, without its thumb, or what we read from the server (see ``plex_polled``)."""

    name: str = "plex"

    @property
    def setup(self) -> Setup:
        return SETUP

    def example(self, example: Example) -> ExampleBody:
        return _example(example)

    def parse(self, payload: Mapping[str, Any], received_at: datetime) -> tuple[PlaybackEvent, ...]:
        """One event for each message.

        Reasons for ignoring: ``unsupported`` or ``unknown event``, an unknown form, ``no item``, ``live tv``,
        ``type`` (anything but a movie or an episode, except where a show or a season is rated or added),
        ``malformed`` (a value that is needed cannot be read), ``not watched``. Position and item of an ignored event
        are None.
        """
        payload = _parted(payload)
        event = PlaybackEvent(
            source=self.name,
            kind=EventKind.IGNORED,
            occurred_at=received_at.astimezone(UTC),
            account=_account(payload),
            player=text(section(payload, "Player").get("uuid"), limit=MAX_KEY),
            player_name=text(section(payload, "Player").get("title"), limit=MAX_NAME),
        )
        try:
            return (_understood(event, payload),)
        except Ignored as ignored:
            return (replace(event, reason=ignored.reason),)
        except Malformed:
            return (replace(event, reason="malformed"),)


def _parted(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Relays may change the case of names. What lies in the parts keeps it, as ``Guid`` is not ``guid``."""
    given = {name.lower(): name for name in payload}
    missing = (part for part in _PARTS if part not in payload and part.lower() in given)
    return {**payload, **{part: payload[given[part.lower()]] for part in missing}}


def _understood(event: PlaybackEvent, payload: Mapping[str, Any]) -> PlaybackEvent:
    if "polled" not in payload:
        return _timed(_told(event, payload, KINDS), section(payload, "Metadata").get("lastViewedAt"))
    if payload["polled"] == SESSION:
        return in_session(_told(event, payload, POLLED_KINDS), payload)
    return listed(event, payload)


def _told(event: PlaybackEvent, payload: Mapping[str, Any], kinds: Mapping[str, EventKind]) -> PlaybackEvent:
    name = payload.get("event")
    kind = kinds.get(name) if isinstance(name, str) else None
    if kind is None:
        raise _unknown(event.source, payload, text(name))
    if kind in (EventKind.RATED, EventKind.ADDED):
        item, scope = subject_of(payload)
        event = replace(event, kind=kind, item=item, scope=scope)
    else:
        event = replace(event, kind=kind, item=of(payload))
    metadata = section(payload, "Metadata")
    event = replace(
        event,
        position_ms=milliseconds(metadata.get("viewOffset")),
        duration_ms=milliseconds(metadata.get("duration")) or None,
    )
    return _rated(event, payload, metadata) if kind is EventKind.RATED else event


def _unknown(source: str, payload: Mapping[str, Any], name: str) -> Ignored:
    if name in OTHERS or name.startswith(_OTHER_FAMILIES):
        return Ignored("unsupported")
    return Ignored(UNKNOWN_EVENT) if name.startswith(_FAMILIES) else unknown_form(source, payload)


def _account(payload: Mapping[str, Any]) -> Account:
    account = section(payload, "Account")
    return Account(id=text(account.get("id"), limit=MAX_KEY), name=text(account.get("title"), limit=MAX_NAME))


def _timed(event: PlaybackEvent, last_viewed: Any) -> PlaybackEvent:
    """Only a scrobble's ``lastViewedAt`` (epoch seconds) is about this viewing; other events show the one before."""
    if event.kind is not EventKind.WATCHED or decimal(last_viewed) is None:
        return event
    stated = moment(last_viewed)
    if stated is None or abs(stated - event.occurred_at) > TRUSTED_DISTANCE:
        return replace(event, stale=True)
    return replace(event, occurred_at=stated, time_from_source=True)


def _rated(event: PlaybackEvent, payload: Mapping[str, Any], metadata: Mapping[str, Any]) -> PlaybackEvent:
    """Half stars are steps of one on a scale to ten; clearing a rating arrives as 0, -1, null or nothing at all.

    A template that tells no rating takes none back: only the server itself says whose webhook it is.
    """
    if not ("rating" in payload or "userRating" in metadata or isinstance(payload.get("owner"), bool)):
        raise Ignored("no rating")
    value = payload["rating"] if "rating" in payload else metadata.get("userRating")
    return rated(event, 0 if is_blank(value) else value)


SOURCE: type[Source] = PlexSource


SETUP = Setup(
    title="Plex",
    listening=("Sign in at Plex and choose your server. Nothing has to be changed in Plex itself.",),
    reporting="Plex reports by webhook (with Plex Pass)",
    where="Settings, Webhooks, Add Webhook (needs a Plex Pass)",
    steps=(
        "In Plex Web open Settings and, below the name of the account that owns the server, Webhooks.",
        "Click Add Webhook, paste the address, and click Save Changes.",
        "On the server's own page Settings > Network (click Show Advanced) make sure Webhooks is ticked.",
    ),
    notes=(
        "Webhooks need Plex Pass. Without it scrobbled can listen to Plex, or Tautulli can report: see "
        "docs/sources/plex.md.",
        "One webhook of the owner reports everybody who uses the server. scrobbled asks you who each of them is.",
        "Plex does not report what is marked as watched by hand. scrobbled looks it up where it knows the server.",
    ),
    registers=True,
)


def _example(example: Example) -> ExampleBody:
    """An episode, in the form that Plex sends."""
    account: dict[str, object] = {"title": example.account}
    if is_number(example.account):
        account["id"] = int(example.account)
    payload = {
        "event": "media.scrobble",
        "user": True,
        "owner": True,
        "Account": account,
        "Server": {"title": TITLE, "uuid": example.server},
        "Player": {"local": True, "title": TITLE, "uuid": MARK},
        "Metadata": {
            "librarySectionType": "show",
            "librarySectionTitle": example.library,
            "ratingKey": MARK,
            "type": "episode",
            "title": TITLE,
            "grandparentTitle": TITLE,
            "parentIndex": 1,
            "index": 1,
            "duration": MINUTES * 60_000,
            "lastViewedAt": int(example.at.timestamp()),
        },
    }
    return as_form("payload", payload)
