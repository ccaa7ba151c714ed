"""Who is at the Plex stand-ins: the servers, the owner, the home and its guests, and by which tokens they come."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServerFace:
    """What a server calls itself. ``machine`` is its ``machineIdentifier``, which webhooks call ``Server.uuid``."""

    title: str
    machine: str
    token: str
    """What its tokens begin with; the owner's is just this."""

    def token_of(self, account: PlexAccount) -> str:
        """The *server* token of that account, which works here and nowhere else."""
        return self.token if account.owner else f"{self.token}-{account.title}"


MACHINE = "8c1d0f7a5b6e4d3c2b1a09f8e7d6c5b4a3928170"
CELLAR = ServerFace("cellar-nas", MACHINE, "sandbox-plex-token")
CABIN = ServerFace("cabin-nas", "1f9e8d7c6b5a49382716f5e4d3c2b1a099887766", "sandbox-plex-cabin")
"""The second server of the same owner."""


@dataclass(frozen=True, slots=True)
class PlexConnection:
    """One way to a server, as plex.tv lists it; without a ``uri`` it is where the stand-in itself is asked."""

    uri: str = ""
    local: bool = True
    relay: bool = False


@dataclass(frozen=True, slots=True)
class PlexAccount:
    """Somebody at the server. ``id`` is the plex.tv id; only one account owns the server.

    Of the ``home``, some are ``managed``: without a name or an address of their own at plex.tv. Whoever has a ``pin``
    is not switched to without it.
    """

    id: int
    title: str
    owner: bool = False
    home: bool = False
    managed: bool = False
    pin: str = ""

    @property
    def local_id(self) -> int:
        """The id in play history and ``/accounts``: there the owner is 1."""
        return 1 if self.owner else self.id

    @property
    def uuid(self) -> str:
        """By which plex.tv knows a user of the home."""
        return f"{self.id:016x}"


ANNA = PlexAccount(41220077, "anna", owner=True, home=True)
BEN = PlexAccount(41220078, "ben", home=True, pin="2580")
NEIGHBOUR = PlexAccount(41220079, "neighbour")
"""A guest of the server whom nobody in the house claims."""
MIA = PlexAccount(41220501, "mia", home=True, managed=True)
"""A child, whose account is managed."""
ACCOUNTS = (ANNA, BEN, NEIGHBOUR)
"""Whom the servers know from the beginning."""
HOME = (ANNA, BEN, MIA)
