"""The webhooks of an account at plex.tv."""

from __future__ import annotations

from typing import Any

from scrobbled.clients.plextv import PlexTv
from scrobbled.config import SourceConfig
from scrobbled.core.errors import ContractDrift, NotRegistered
from scrobbled.plumbing.http import Answer, Http
from scrobbled.servers.entering import Registered, is_ours

HOOKS = "/api/v2/user/webhooks"
NEEDED = {"server_token": "a token of the account that owns the server is needed to register there"}
PLACE = "the account at plex.tv"
TWIN = "Another address with the same token is there too; remove it where it is an old one of ours."


async def register(http: Http, settings: SourceConfig, url: str) -> Registered:
    """The list belongs to the account, and is always written whole."""
    there = PlexTv(http, settings.account_url, settings.server_token or "")
    before = await _urls(there)
    if url not in before:
        form = [("urls[]", one) for one in (*before, url)]
        answer = await there.send("POST", HOOKS, form=form, idempotent=False)
        _allowed(answer)
        after = await _urls(there)
        if not {*before, url} <= set(after):
            raise NotRegistered(f"{answer.what} accepted our webhook, but does not list it. Add it by hand.")
    has_twin = any(one != url and is_ours(one, url) for one in before)
    return Registered("plex", PLACE, url not in before, len({*before} - {url}), (TWIN,) if has_twin else ())


async def _urls(there: PlexTv) -> list[str]:
    answer = await there.send("GET", HOOKS)
    _allowed(answer)
    rows = answer.json()
    urls = [row["url"] for row in rows if _has_url(row)] if isinstance(rows, list) else None
    if urls is None or len(urls) != len(rows):  # one that we do not understand would be lost
        raise ContractDrift(f"{answer.what} answered with something else than a list of webhooks")
    return urls


def _has_url(row: Any) -> bool:
    return isinstance(row, dict) and isinstance(row.get("url"), str)


def _allowed(answer: Answer) -> None:
    if answer.status == 401:
        raise NotRegistered(
            "plex.tv does not know sources.plex.server_token. Take a token of the account that owns the server."
        )
    if answer.status in (402, 403, 422):
        raise NotRegistered(
            f"plex.tv does not let this account have webhooks ({answer.status}): they need Plex Pass. Without it set "
            "mode: live below sources.plex, or let Tautulli report: scrobbled webhook tautulli"
        )
    if not answer.ok:
        raise NotRegistered(f"{answer.what} answered {answer.status}. Add the webhook by hand.")
