"""What registering at the servers has in common: the result, and calls whose refusals say what to do."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from scrobbled.clients.mediabrowser import MediaBrowserClient
from scrobbled.core.errors import ContractDrift, NotRegistered
from scrobbled.plumbing.http import Answer

PATIENCE = 20.0
ConfigEntry = dict[str, Any]


class Registered(Struct, frozen=True):
    """Our webhook is there, as was read back. ``changed`` is false where it was before; ``others`` is how many webhooks
    beside it go elsewhere, and stayed.
    """

    source: str
    place: str
    changed: bool
    others: int
    notes: tuple[str, ...] = ()


async def asked(there: MediaBrowserClient, path: str) -> Any:
    answer = await there.http.send("GET", path, headers=there.headers, timeout=PATIENCE)
    _allowed(answer)
    return answer.json()


async def told(there: MediaBrowserClient, path: str, body: Any) -> None:
    _allowed(await there.http.send("POST", path, json=body, headers=there.headers, timeout=PATIENCE, idempotent=False))


def _allowed(answer: Answer) -> None:
    if answer.status in (401, 403):
        raise NotRegistered(
            f"{answer.what} answered {answer.status}: server_token is not an administrator's. Make an API key in that "
            "server's dashboard (API Keys), and enter it as server_token."
        )
    if not answer.ok:
        raise NotRegistered(f"{answer.what} answered {answer.status}. Check url, or add the webhook by hand.")


def entries_of(value: Any, path: str) -> list[ConfigEntry]:
    """A list of objects, or nothing; anything else is not written back."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise ContractDrift(f"{path} answered with something else than a list")
    return value


def is_ours(there: Any, url: str) -> bool:
    """Whether an address is ours, or was when we were reached under another one: it has the same secret."""
    return isinstance(there, str) and there.rpartition("/webhooks/")[1:] == url.rpartition("/webhooks/")[1:]
