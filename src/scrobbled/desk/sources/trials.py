"""Trying things out: a test alert to every address, and a test event through the running service's own webhook."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

import httpx
from msgspec import Struct

from scrobbled.alerts import AlertAddress, AlertMessage, AppriseSender
from scrobbled.config import BY_VIEWER, NAMELESS, Config, SourceConfig, ViewerConfig, fold
from scrobbled.config.libraries import known
from scrobbled.config.people import listing
from scrobbled.core.errors import ConfigError
from scrobbled.core.watching.events import EventKind
from scrobbled.core.watching.sessions import TEST_EVENT
from scrobbled.core.words.reasons import Code
from scrobbled.desk.facts import ids, plays
from scrobbled.plumbing.redact import Redactor
from scrobbled.runtime import troubles
from scrobbled.sources import SOURCES
from scrobbled.sources.examples import MARK, TITLE, Example
from scrobbled.store import Store
from scrobbled.store.accounts import clients
from scrobbled.store.inbox import archive

PATIENCE = 10.0
"""Seconds for the service to answer."""
HISTORY = "/trakt/sync/history"
IDS_ALONE = f"{TEST_EVENT}; a real one is asked for ids alone, and is never a play"


class Rung(Struct, frozen=True):
    """One address that was tried. ``place`` is where it stands in the configuration, ``address`` its scheme alone."""

    place: str
    address: str
    accepted: bool
    why: str
    """Why not, and what to do; empty when it was accepted."""


class Tried(Struct, frozen=True):
    """What became of a test event. ``understood`` says that a real one would have gone to somebody."""

    source: str
    account: str
    event: str | None
    outcome: str | None
    understood: bool
    text: str
    """What happened, and what to do where something is wrong."""


async def ring(config: Config, redactor: Redactor, viewer: str | None = None) -> list[Rung]:
    """Send a test alert to every address, or only to those that get what concerns ``viewer``.

    Raises ``ConfigError`` where there is nobody to send it to.
    """
    chosen = list(_addresses(config, viewer))
    if not chosen:
        whose = f" that gets what concerns {viewer}" if viewer else ""
        raise ConfigError([f"alerts.urls: no address{whose}; add an Apprise URL, like ntfy://ntfy.sh/my-topic"])
    sender = AppriseSender(chosen, redactor)
    about = f" It is about {viewer}." if viewer else ""
    message = AlertMessage(
        "scrobbled: test alert", f"If you can read this, alerts arrive here.{about} There is nothing to do.", good=True
    )
    return [_rung(address, await sender.send(address, message)) for address in sender.addresses]


async def post(
    config: Config,
    store: Store,
    now: datetime,
    *,
    source: str | None = None,
    viewer: str | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> list[Tried]:
    """Send a test event to the webhook of ``source``, or of every source for which we have one.

    It is stored and understood as a viewing by ``viewer`` (else by the first who lists that source), and goes to
    nobody. Raises ``ConfigError`` where that cannot be tried.
    """
    _viewer(config, viewer)
    given_out = await store.read(lambda db: clients.has_any(db, clients.PLAYER))
    chosen = _sources(config, source, BY_VIEWER if given_out else ())
    async with httpx.AsyncClient(transport=transport, trust_env=False, timeout=PATIENCE) as client:
        sending = _Sending(client, config, store, now, viewer)
        return [await (sending.by_player(name) if name in BY_VIEWER else sending.to(name)) for name in chosen]


def _addresses(config: Config, viewer: str | None) -> Iterator[AlertAddress]:
    _viewer(config, viewer)
    for address in troubles.addresses(config):
        if viewer is None or not address.viewers or fold(viewer) in map(fold, address.viewers):
            yield address


def _viewer(config: Config, name: str | None) -> ViewerConfig | None:
    found = config.viewer(name) if name else None
    if name and found is None:
        known = ", ".join(viewer.name for viewer in config.viewers) or "none is configured"
        raise ConfigError([f"no viewer is called {name}; known here: {known}"])
    return found


def _rung(address: AlertAddress, why: str) -> Rung:
    advice = f"{why.rstrip('.')}. Check the address, and that this machine reaches the service." if why else ""
    return Rung(address.place, address.label, not why, advice)


def _sources(config: Config, wanted: str | None, open_anyhow: Collection[str]) -> Sequence[str]:
    """``open_anyhow`` are those whose tokens were given out by the service itself."""
    able = [name for name, source in config.sources.items() if source.token or name in BY_VIEWER]
    able += sorted(set(open_anyhow) - set(able))
    if wanted is not None and wanted not in (*config.sources, *able):
        raise ConfigError([f"sources: {wanted} is not configured; known here: {', '.join(config.sources) or 'none'}"])
    if wanted is not None and wanted not in able:
        raise ConfigError([f"sources.{wanted}: it has no token, so that nothing can be sent there"])
    if not able:
        raise ConfigError([f"sources: none for which there is a test event; there is one for {', '.join(SOURCES)}"])
    return able if wanted is None else [wanted]


class _Sending(Struct, frozen=True):
    """Test events on their way, as a viewing of ``viewer`` or, without one, of whoever lists the source first."""

    client: httpx.AsyncClient
    config: Config
    store: Store
    now: datetime
    viewer: str | None

    async def to(self, source: str) -> Tried:
        example = _example(self.config, source, self.viewer, self.now)
        kind, body = SOURCES[source].example(example)
        path = f"/webhooks/{source}/{self.config.sources[source].token}"
        answer = await self._posted(path, body, {"Content-Type": kind})
        if isinstance(answer, str):
            return Tried(source, example.account, None, None, False, answer)
        try:
            event = str(answer.json()["event"])
        except (ValueError, KeyError, TypeError):
            why = "What answers there is not scrobbled. Check server.port."
            return Tried(source, example.account, None, None, False, why)
        return await self._story(source, example.account, event)

    async def by_player(self, source: str) -> Tried:
        """To the endpoint for players, by a token of the configuration, or by one that is good for this call alone."""
        who, token = _bearer(self.config, source, self.viewer)
        kind, body = SOURCES[source].example(Example(who, self.now))
        newest = await self.store.read(archive.newest)
        made = None
        if not token:
            made, token = await self.store.write(
                lambda db: clients.create(db, clients.PLAYER, TITLE, who, self.now.timestamp())
            )
        try:
            answer = await self._posted(HISTORY, body, {"Content-Type": kind, "Authorization": f"Bearer {token}"})
        finally:
            if made is not None:
                await self.store.write(lambda db: clients.revoke(db, made.id))
        if isinstance(answer, str):
            return Tried(source, who, None, None, False, answer)
        number = await self.store.read(lambda db: archive.first_called(db, source, TITLE, after=newest))
        return await self._story(source, who, "" if number is None else f"e{number}")

    async def _posted(self, path: str, body: bytes, headers: Mapping[str, str]) -> httpx.Response | str:
        """The answer, or why there is none that helps."""
        base = _base(self.config)
        try:
            answer = await self.client.post(f"{base}{path}", content=body, headers=headers)
        except httpx.HTTPError as error:
            return f"The service does not answer at {base} ({type(error).__name__}). Start it with: scrobbled serve"
        return answer if answer.status_code in (200, 201) else _refused(answer.status_code, base)

    async def _story(self, source: str, account: str, event: str) -> Tried:
        number = ids.number(event, "e")
        story = None if number is None else await self.store.read(lambda db: plays.event_story(db, number))
        if story is None:
            as_ = f" as {event}" if event else ""
            why = f"It was stored{as_}, but not in this database. Is the service run with another configuration?"
            return Tried(source, account, event or None, None, False, why)
        if source in NAMELESS and story.kind == EventKind.ADDED:
            return Tried(source, account, event, story.outcome, True, IDS_ALONE)
        return Tried(source, account, event, story.outcome, story.reason_code == Code.TEST_COUNTS, story.reason)


def _bearer(config: Config, source: str, viewer: str | None) -> tuple[str, str]:
    """Whose event it will be, and by which token; the token is empty where the configuration has none of theirs."""
    settings, listed = config.sources.get(source, SourceConfig()), listing(config, source)
    sole = listed[0].name if len(listed) == 1 else ""
    if settings.token and (viewer is None or fold(viewer) == fold(sole)):
        return sole, settings.token
    name = viewer or next(iter(settings.tokens), "") or (config.viewers[0].name if config.viewers else "")
    if (person := _viewer(config, name)) is None:
        raise ConfigError(["viewers: none is configured, so a test event would be nobody's"])
    return person.name, next((token for who, token in settings.tokens.items() if fold(who) == fold(name)), "")


def _example(config: Config, source: str, viewer: str | None, now: datetime) -> Example:
    """Such as the rules of the source and the person let through, as far as they name one thing they want."""
    settings, people = config.sources[source], config.viewers if viewer is None else [_viewer(config, viewer)]
    person = next((one for one in people if one is not None and one.accounts.get(source)), None)
    if viewer is not None and person is None:
        raise ConfigError([f"viewers: {viewer} lists no account of {source}; add one under accounts"])
    libraries = (person.libraries if person else ()) or settings.libraries
    told = libraries and known(config, source) in ("told", "asked")
    return Example(
        account=person.accounts[source][0] if person else MARK,
        at=now,
        server=settings.servers[0] if settings.servers else MARK,
        library=libraries[0] if told else "",
    )


def _base(config: Config) -> str:
    host = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(config.server.host, config.server.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{config.server.port}"


def _refused(status: int, base: str) -> str:
    if status == 404:
        return (
            f"What answers at {base} does not know this webhook: another program, or a service whose configuration is "
            "another one. Look at the log of scrobbled, or restart it."
        )
    if status == 503:
        return "The service cannot store webhooks now; its log says why. Check the disk."
    return f"The service at {base} refused it ({status}); its log says why."
