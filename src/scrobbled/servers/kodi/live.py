"""What is on at a Kodi player, from its notifications: they name an item by Kodi's own number, and no position.

What they lack is asked over the same connection: the item with its ids while it is on, its show, and every ten seconds
how far it is, as nobody can be asked that any more when it has stopped.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.core.watching.events import Account
from scrobbled.plumbing.clock import Clock
from scrobbled.plumbing.fields import decimal, flag, is_blank, section, text
from scrobbled.servers.base import IsClaimed, enveloped
from scrobbled.servers.ear import Take
from scrobbled.servers.kodi.socket import KodiConnection, KodiNotice, KodiRow, rows
from scrobbled.sources.kodi import PROGRESS, elapsed

NAMES = ("title", "showtitle", "season", "episode")
TIMES = ("time", "totaltime", "speed")
OF_EPISODES = ("title", "showtitle", "season", "episode", "firstaired", "runtime", "uniqueid", "tvshowid")
OF_FILMS = ("title", "year", "premiered", "runtime", "uniqueid", "imdbnumber")
OF_SHOWS = ("title", "year", "uniqueid")
OF_ANY = tuple(dict.fromkeys((*OF_EPISODES, *OF_FILMS)))
WATCHABLE = ("movie", "episode")
OTHERS = frozenset({"song", "picture", "musicvideo", "channel"})
LOOK_EVERY, LOOK_IDLE = 10.0, 60.0
PROGRESS_EVERY = 60.0
LONGEST_SILENCE = 15_000.0
"""Milliseconds that may be added to a last known position."""
COUNTED_WITHIN = 120.0
"""Seconds after a stop in which Kodi itself counts what was watched."""
MOST_SHOWS = 64
STARTED = frozenset({"Player.OnAVStart", "Player.OnPause", "Player.OnResume", "Player.OnSeek"})


class KodiPlaying(Struct, frozen=True):
    """What is on. Times in milliseconds, ``at`` and ``told_at`` monotonic seconds."""

    item: KodiRow
    player: int
    position: float
    total: float
    speed: float
    at: float
    told_at: float

    def reached(self, now: float) -> float:
        """Where it is by now, as far as that is known."""
        since = min(1000 * (now - self.at), LONGEST_SILENCE) if self.speed == 1 else 0.0
        return min(self.position + since, self.total or self.position + since)


class KodiLive:
    """Hands ``take`` an event for each beginning, pause, resumption, leap and end, once a minute in between, and marks.

    Needs Kodi 18 or newer. What is no film or episode is nothing. Raises ``TrackerError`` where Kodi does not answer.
    """

    def __init__(self, *, take: Take, claimed: IsClaimed, clock: Clock) -> None:
        self._take, self._claimed, self._clock = take, claimed, clock
        self._on: KodiPlaying | None = None
        self._ended: tuple[KodiRow, float] | None = None
        self._shows: OrderedDict[int, KodiRow] = OrderedDict()

    @property
    def every(self) -> float:
        """Seconds after which to call ``looked``."""
        return LOOK_EVERY if self._on else LOOK_IDLE

    async def begin(self, line: KodiConnection) -> None:
        """At each new connection: what was on before it may have ended, and something else begun."""
        players = [row for row in rows(await line.ask("Player.GetActivePlayers")) if row.get("type") == "video"]
        found = await self._seen(line, int(decimal(players[0].get("playerid")) or 0)) if players else None
        before = self._on
        goes_on = before is not None and found is not None and _is_same(before.item, found.item)
        if before is not None and not goes_on:
            await self._end(before)
        self._on = found
        if found is not None and not goes_on:
            await self._tell("Player.OnAVStart" if found.speed else "Player.OnPause", found)

    async def looked(self, line: KodiConnection) -> None:
        """How far it is by now; with nothing on, only whether Kodi is still there."""
        if self._on is None:
            await line.ask("JSONRPC.Ping")
            return
        if (on := await self._measured(line, self._on)) is None:
            await self._end(self._on)
            return
        self._on = on
        if on.speed and self._clock.monotonic() - on.told_at >= PROGRESS_EVERY and self._claimed(Account()):
            await self._tell(PROGRESS, on)

    async def heard(self, line: KodiConnection, notice: KodiNotice) -> None:
        item = section(notice.data, "item")
        if notice.method == "VideoLibrary.OnUpdate":
            await self._updated(line, notice.data)
        elif notice.method == "Player.OnStop":
            await self._stopped(line, item, ended=flag(notice.data.get("end")))
        elif notice.method == "Player.OnPlay" and self._on and not _is_same(self._on.item, item):
            await self._end(self._on)  # the next of a playlist; its own beginning is told by OnAVStart
        elif notice.method in STARTED and text(item.get("type")) not in OTHERS:
            await self._going(line, notice, item)

    async def _going(self, line: KodiConnection, notice: KodiNotice, item: KodiRow) -> None:
        if self._on is None or not _is_same(self._on.item, item):
            if self._on is not None:
                await self._end(self._on)
            self._on = await self._seen(line, int(decimal(section(notice.data, "player").get("playerid")) or 0))
        elif (on := await self._measured(line, self._on)) is not None:
            self._on = on
        else:  # it has stopped meanwhile; a leap says itself how far it went
            self._on = _leapt(self._on, section(notice.data, "player"), self._clock.monotonic())
            return
        if self._on is not None:
            await self._tell(notice.method, self._on)

    async def _stopped(self, line: KodiConnection, item: KodiRow, *, ended: bool) -> None:
        if self._on is not None and _is_same(self._on.item, item):
            await self._end(self._on, ended=ended)
        elif self._on is None and not self._was_just(item) and (found := await self._details(line, item)) is not None:
            await self._send("Player.OnStop", item=found, end=ended)

    async def _updated(self, line: KodiConnection, data: KodiRow) -> None:
        """A mark, or Kodi's own count of what has just stopped, which is told with its time and no mark."""
        item = section(data, "item") or {key: data[key] for key in ("id", "type") if key in data}
        count = decimal(data.get("playcount"))
        if count is None or flag(data.get("added")):
            return
        if (found := await self._details(line, item)) is None:
            return
        if count > 0 and self._was_just(item):
            await self._send("Player.OnStop", item=found, end=True)
        else:
            await self._send("VideoLibrary.OnUpdate", item=found, playcount=int(count))

    def _was_just(self, item: KodiRow) -> bool:
        """Whether this is what stopped last, and lately."""
        if self._ended is None or self._clock.monotonic() - self._ended[1] > COUNTED_WITHIN:
            return False
        return not is_blank(item.get("id")) and _is_same(self._ended[0], item)

    async def _end(self, on: KodiPlaying, *, ended: bool = False) -> None:
        """Kodi also calls it the end where a share or a stream breaks off."""
        now = self._clock.monotonic()
        reached = on.reached(now)
        whole = ended and not (on.total and reached < on.total / 2)
        await self._tell("Player.OnStop", replace(on, position=reached, speed=0), end=whole)
        self._on, self._ended = None, (on.item, now)

    async def _tell(self, method: str, on: KodiPlaying, **more: Any) -> None:
        times = {"position_seconds": on.position / 1000, "total_seconds": on.total / 1000}
        player = {"playerid": on.player, "speed": on.speed, **(times if on.total else {})}
        await self._send(method, item=on.item, player=player, **more)
        if self._on is not None:
            self._on = replace(on, told_at=self._clock.monotonic())

    async def _send(self, method: str, **data: Any) -> None:
        await self._take(enveloped("notice", method=method, params={"data": data}))

    async def _seen(self, line: KodiConnection, player: int) -> KodiPlaying | None:
        """What is on there; ``None`` for what cannot count, and where it is over already."""
        answer = await line.ask("Player.GetItem", playerid=player, properties=list(OF_ANY))
        item = section(answer, "item") if isinstance(answer, dict) else {}
        if not _counts(item):
            return None
        now = self._clock.monotonic()
        return await self._measured(
            line, KodiPlaying(await self._with_show(line, _kept(item)), player, 0.0, 0.0, 0.0, now, now)
        )

    async def _measured(self, line: KodiConnection, on: KodiPlaying) -> KodiPlaying | None:
        """``None`` where it is over, and where the next of a playlist is on before Kodi has told of it."""
        answer = await line.ask("Player.GetProperties", playerid=on.player, properties=list(TIMES))
        there = await line.ask("Player.GetItem", playerid=on.player, properties=list(NAMES))
        if not isinstance(answer, dict) or not isinstance(there, dict):
            return None
        if not _is_same(on.item, section(there, "item")):
            return None
        position, total = elapsed(answer.get("time")) or 0, elapsed(answer.get("totaltime")) or 0
        speed = decimal(answer.get("speed")) or 0.0
        return replace(on, position=position, total=total, speed=speed, at=self._clock.monotonic())

    async def _details(self, line: KodiConnection, item: KodiRow) -> KodiRow | None:
        """Of an item that is named by its number in the library."""
        kind, number = text(item.get("type")), int(decimal(item.get("id")) or 0)
        if kind not in WATCHABLE or number <= 0:
            return None
        method, key = ("GetEpisodeDetails", "episodeid") if kind == "episode" else ("GetMovieDetails", "movieid")
        wanted = OF_EPISODES if kind == "episode" else OF_FILMS
        answer = await line.ask(f"VideoLibrary.{method}", **{key: number, "properties": list(wanted)})
        found = section(answer, f"{kind}details") if isinstance(answer, dict) else {}
        return await self._with_show(line, _kept({**found, "type": kind, "id": number})) if found else None

    async def _with_show(self, line: KodiConnection, item: KodiRow) -> KodiRow:
        """An episode with its show, whose ids Kodi keeps apart."""
        number = int(decimal(item.get("tvshowid")) or 0)
        if number <= 0:
            return item
        if number not in self._shows:
            answer = await line.ask("VideoLibrary.GetTVShowDetails", tvshowid=number, properties=list(OF_SHOWS))
            show = section(answer, "tvshowdetails") if isinstance(answer, dict) else {}
            self._shows[number] = {key: show[key] for key in OF_SHOWS if key in show}
            while len(self._shows) > MOST_SHOWS:
                self._shows.popitem(last=False)
        return {**item, "tvshow": self._shows[number]}


def _leapt(on: KodiPlaying, player: KodiRow, now: float) -> KodiPlaying:
    position = elapsed(player.get("time"))
    return on if position is None else replace(on, position=position, at=now)


def _is_same(item: KodiRow, told: KodiRow) -> bool:
    """Whether a notification is about ``item``: by its number in the library, or else by all that it tells."""
    if not is_blank(told.get("id")) and not is_blank(item.get("id")):
        return (told.get("type"), told.get("id")) == (item.get("type"), item.get("id"))
    if text(told.get("type")) in OTHERS:
        return False
    return all(told.get(name) in (item.get(name), item.get("label")) for name in NAMES if not is_blank(told.get(name)))


def _counts(item: KodiRow) -> bool:
    """What is played from outside the library may be of no known type, and still be named in full."""
    kind = text(item.get("type"))
    if kind in ("", "unknown"):
        return bool(text(item.get("showtitle"))) and (decimal(item.get("episode")) or -1) >= 0
    return kind in WATCHABLE


def _kept(item: KodiRow) -> KodiRow:
    """Without what Kodi adds unasked, such as where the file lies."""
    return {key: item[key] for key in ("id", "type", "label", *OF_ANY) if not is_blank(item.get(key))}
