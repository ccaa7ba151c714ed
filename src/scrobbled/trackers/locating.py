"""The part of a tracker that knows more than it holds."""

from __future__ import annotations

from typing import Protocol, TypeVar

from scrobbled.core.records import Subject

AddressT = TypeVar("AddressT", covariant=True)


class LocateBeyond(Protocol[AddressT]):
    """Of a tracker that has kinds about anything there is, see ``Capabilities.beyond``."""

    async def locate_beyond(self, subject: Subject) -> AddressT:
        """By what the tracker calls a thing that it need not hold, for ``SetValue`` of such a kind.

        What was found by a name or a foreign id is verified before. Raises as ``Amends.locate_subject``: ``Uncertain``,
        with what was found, where nothing is certain.
        """
        ...
