"""Rows of a Plex server's lists, as far as anything of them is used: the rest is dropped as they are parsed.

A media item has forty fields and more, of which cast, pictures and files are the longest by far.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw, Struct, field

from scrobbled.clients.plex_lists import JsonScalar
from scrobbled.plumbing.fields import decimal

MOVIE, SHOW, SEASON, EPISODE = 1, 2, 3, 4
"""Plex's numbers of what is listed."""


class VersionNote(Struct, frozen=True, rename="camel", gc=False):
    """Of one version of an item, whether its file is there: what lies in the trash has a time of that."""

    deleted_at: JsonScalar = None


_VERSIONS = msgspec.json.Decoder(tuple[VersionNote, ...])


def lies_in_the_trash(versions: Raw) -> bool:
    """Every file of it; where that cannot be told, none does."""
    if b'"deletedAt"' not in bytes(versions):
        return False
    try:
        notes = _VERSIONS.decode(versions)
    except msgspec.MsgspecError:
        return False
    return bool(notes) and all(decimal(note.deleted_at) for note in notes)


class ItemRow(Struct, frozen=True, rename="camel", gc=False):
    """Of a library: a film, show, season or episode. Times are epoch seconds, lengths milliseconds."""

    rating_key: JsonScalar = None
    parent_rating_key: JsonScalar = None
    grandparent_rating_key: JsonScalar = None
    guid: Any = None
    """Text, or in very old servers a list; see ``core.naming.guids.texts``."""
    guids: Any = field(default=None, name="Guid")
    parent_guid: Any = None
    grandparent_guid: Any = None
    type: JsonScalar = None
    title: JsonScalar = None
    original_title: JsonScalar = None
    grandparent_title: JsonScalar = None
    parent_title: JsonScalar = None
    index: JsonScalar = None
    parent_index: JsonScalar = None
    year: JsonScalar = None
    duration: JsonScalar = None
    originally_available_at: JsonScalar = None
    view_count: JsonScalar = None
    view_offset: JsonScalar = None
    last_viewed_at: JsonScalar = None
    user_rating: JsonScalar = None
    """Of the person whose token asks. Those of critics are other fields, and nobody's."""
    last_rated_at: JsonScalar = None
    added_at: JsonScalar = None
    updated_at: JsonScalar = None
    versions: Raw = field(default=Raw(b""), name="Media")
    """As it came: see ``VersionNote``."""
    leaf_count: JsonScalar = None
    section: JsonScalar = field(default=None, name="librarySectionID")
    """Told of items that are asked for by their keys; in the list of a library it is that library's."""


class PlexHistoryRow(Struct, frozen=True, rename="camel", gc=False):
    """Of the play history: somebody played something to its end. Of what was deleted since there is no key."""

    history_key: JsonScalar = None
    rating_key: JsonScalar = None
    library_section: JsonScalar = field(default=None, name="librarySectionID")
    type: JsonScalar = None
    viewed_at: JsonScalar = None
    account: JsonScalar = field(default=None, name="accountID")
    """The owner is 1 here; others have their id at plex.tv."""
