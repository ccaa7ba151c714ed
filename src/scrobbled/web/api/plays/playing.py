"""``/api/v1/playing``: what is being watched at this moment."""

from __future__ import annotations

from litestar import get
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct

from scrobbled.desk.desk import Desk
from scrobbled.desk.facts.on_screen import OnScreen
from scrobbled.store.file.codec import iso


class PlayingNow(Struct, frozen=True):
    """``position_ms`` is where it was at ``heard_at`` (ISO 8601, UTC); null where the player did not tell."""

    viewer: str
    source: str
    media: str
    label: str
    position_ms: int | None
    duration_ms: int | None
    paused: bool
    heard_at: str
    event: str


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    @get("/playing", summary="What is being watched at this moment, as far as players tell")
    async def playing() -> list[PlayingNow]:
        return [_viewing(one) for one in await desk.playing()]

    return [playing]


def _viewing(one: OnScreen) -> PlayingNow:
    return PlayingNow(
        viewer=one.viewer,
        source=one.source,
        media=one.item.media,
        label=one.item.label(),
        position_ms=one.position_ms,
        duration_ms=one.duration_ms,
        paused=one.paused,
        heard_at=iso(one.heard_at),
        event=f"e{one.event_id}",
    )
