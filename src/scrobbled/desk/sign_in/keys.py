"""Tokens for programs: whether one opens the API, and making, listing and revoking them."""

from __future__ import annotations

import contextlib
from functools import partial

from scrobbled.config import Config
from scrobbled.core.errors import StoreError
from scrobbled.desk.masking import WholeText
from scrobbled.desk.sign_in.tokens import NewToken, Token, told
from scrobbled.runtime.service import Runtime
from scrobbled.store.accounts import clients


class Keys:
    """The tokens of the running service. Who may touch them is decided before, by the gate."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    @property
    def config(self) -> Config:
        """As it is at this moment."""
        return self._runtime.config

    async def opens(self, token: str) -> str:
        """What this token may do with the API, one of ``SCOPES``, or empty where it opens nothing.

        Notes its use. A full disk shuts nobody out.
        """
        now = self._now()
        found = await self._runtime.store.read(partial(clients.find, kind="api", token=token, now=now))
        if found is None:
            return ""
        if clients.is_worth_noting(found, now):
            with contextlib.suppress(StoreError):
                await self._runtime.store.write(partial(clients.note_use, id_=found.id, now=now))
        return found.scope

    async def listed(self) -> list[Token]:
        return [told(client) for client in await self._runtime.store.read(clients.listed)]

    async def create(self, name: str, viewer: str | None, scope: str = "admin") -> NewToken:
        """For the Trakt endpoint where there is a viewer, else for the API."""
        kind: clients.TokenKind = "api" if viewer is None else clients.PLAYER
        make = partial(clients.create, kind=kind, name=name or kind, viewer=viewer, now=self._now(), scope=scope)
        client, secret = await self._runtime.store.write(make)
        return NewToken(told(client), WholeText(secret))

    async def revoke(self, id_: int) -> bool:
        """Whether there was such a token."""
        return await self._runtime.store.write(partial(clients.revoke, id_=id_))

    async def asked(self, code: str) -> clients.PendingCode | None:
        """What a person should know of a code before deciding; ``None`` for one that was never given out."""
        return await self._runtime.store.read(partial(clients.asked, user=code, now=self._now()))

    async def decide(self, code: str, viewer: str | None) -> str:
        """Let the program in for ``viewer``, or with ``None`` turn it away; empty, or why nothing could be decided."""
        decide = partial(clients.decide, user=code, viewer=viewer, now=self._now())
        trouble = await self._runtime.store.write(decide)
        return clients.TROUBLES[trouble] if trouble else ""

    def _now(self) -> float:
        return self._runtime.clock.now().timestamp()
