"""One person at one server: who asks, whom, and with what."""

from __future__ import annotations

from msgspec import Struct

from scrobbled.clients.mediabrowser import MediaBrowserClient
from scrobbled.plumbing.fields import identifier, lowered, text


class ServerPerson(Struct, frozen=True):
    """A user of the server. ``written`` is the id as the server writes it, and ``id`` the same for comparing."""

    id: str
    name: str
    written: str

    def is_one_of(self, listed: tuple[str, ...]) -> bool:
        """Whether one of these names or ids is theirs; names are compared trimmed and without case."""
        names = {one.strip().casefold() for one in listed}
        return self.name.strip().casefold() in names or self.id in {identifier(one) for one in listed}


def person_of(row: object) -> ServerPerson | None:
    """From a row of a user; ``None`` where that names none."""
    known = lowered(row)
    key = identifier(known.get("id"))
    return ServerPerson(key, text(known.get("name"), limit=200), str(known["id"])) if key else None


class MediaBrowserSeat(Struct, frozen=True):
    """``machine`` is the server's own id, ``name`` what it is called."""

    client: MediaBrowserClient
    machine: str
    name: str
    person: ServerPerson

    @property
    def owner(self) -> str:
        """By which the account is told from every other, at this server and elsewhere."""
        return f"{self.person.id} at {self.machine}"

    async def playing(self) -> frozenset[str]:
        """Keys of what this person plays just now; of nobody where the token may not see that."""
        answer = await self.client.send("/Sessions")
        listed = answer.json() if answer.ok else []
        sessions = [lowered(one) for one in listed] if isinstance(listed, list) else []
        mine = (
            lowered(one.get("nowplayingitem")) for one in sessions if identifier(one.get("userid")) == self.person.id
        )
        return frozenset(key for one in mine if (key := identifier(one.get("id"))))
