"""Queries as AniList answers them: one root for each field of the schema's ``Query``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from graphql import FieldNode, GraphQLError, GraphQLObjectType, GraphQLResolveInfo, InlineFragmentNode, SelectionSetNode
from graphql.execution.values import get_argument_values

from scrobbled.sandbox.anilist.answers import (
    LONGEST_PAGE,
    JsonShape,
    collection,
    of_activity,
    of_entry,
    of_media,
    of_user,
    page_info,
    unsettled,
)
from scrobbled.sandbox.anilist.lists import AniListUser, AnimeActivity, AnimeEntry
from scrobbled.sandbox.anime import BY_ID

Asked = GraphQLResolveInfo[Any]
NO_USER = "userId or userName must be given"


class QueryRefused(GraphQLError):
    """With the ``status`` that AniList gives beside its words."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Answering:
    """One request. ``mine`` is whose token came with it, ``first_chunk`` the number of the first one, ``turn`` another
    number for each request.
    """

    def __init__(
        self,
        people: Callable[[], Sequence[AniListUser]],
        mine: AniListUser | None,
        *,
        first_chunk: int,
        turn: int,
    ) -> None:
        self._people, self._mine = people, mine
        self._first_chunk, self._turn = first_chunk, turn

    def Viewer(self, _asked: Asked) -> JsonShape:
        if self._mine is None:
            raise QueryRefused("Unauthorized.", 401)
        return of_user(self._mine, own=True)

    def User(self, _asked: Asked, id: int | None = None, name: str | None = None) -> JsonShape:
        user = self._user(id, name)
        return of_user(user, own=user is self._mine)

    def Media(self, _asked: Asked, id: int | None = None, type: str | None = None) -> JsonShape:
        if id not in BY_ID or type == "MANGA":
            raise QueryRefused("Not Found.", 404)
        return of_media(BY_ID[id])

    def MediaListCollection(self, _asked: Asked, **given: Any) -> JsonShape:
        if not given.get("type"):
            raise QueryRefused("type must be given", 400)
        user, entries = self._entries(given)
        number = 0 if given.get("chunk") is None else max(0, given["chunk"] - self._first_chunk)
        size = given.get("perChunk") or max(1, len(entries))
        single = bool(given.get("forceSingleCompletedList"))
        return collection(entries, user, number=number, size=size, single=single)

    def Page(self, asked: Asked, page: int | None = None, perPage: int | None = None) -> JsonShape:
        """One field with data in each: what else is asked for beside it is refused."""
        found = _data_of(asked)
        if len(found) != 1:
            raise QueryRefused("A page has one field with data.", 400)
        (node,) = found
        number, size = max(1, page or 1), min(max(1, perPage or LONGEST_PAGE), LONGEST_PAGE)
        tellers = {"mediaList": self._listed, "activities": self._activities, "media": self._titles}
        shapes = tellers[node.name.value](_arguments(node, asked))
        part = shapes[(number - 1) * size : number * size]
        return {node.name.value: part, "pageInfo": page_info(len(shapes), number, size)}

    def _user(self, id_: int | None, name: str | None) -> AniListUser:
        if id_ is None and not name:
            raise QueryRefused(NO_USER, 400)
        wanted = (name or "").casefold()
        for user in self._people():
            if user.id == id_ or (id_ is None and user.name.casefold() == wanted):
                if user.visibility == "private" and user is not self._mine:
                    raise QueryRefused("Private User", 404)
                return user
        raise QueryRefused("User not found", 404)

    def _entries(self, given: JsonShape) -> tuple[AniListUser, list[AnimeEntry]]:
        user = self._user(given.get("userId"), given.get("userName"))
        wanted = given.get("status_in")
        own = user is self._mine
        shown = (entry for entry in user.shown(own=own) if wanted is None or entry.status in wanted)
        return user, list(shown) if given.get("type") != "MANGA" else []

    def _listed(self, given: JsonShape) -> list[JsonShape]:
        user, entries = self._entries(given)
        newest = (given.get("sort") or [""])[0] == "UPDATED_TIME_DESC"
        return [of_entry(entry, user) for entry in (unsettled(entries, self._turn) if newest else entries)]

    def _titles(self, given: JsonShape) -> list[JsonShape]:
        return [of_media(BY_ID[one]) for one in given.get("id_in") or () if one in BY_ID]

    def _activities(self, given: JsonShape) -> list[JsonShape]:
        user = self._user(given.get("userId"), None)
        after, before = given.get("createdAt_greater"), given.get("createdAt_lesser")
        found = [one for one in user.activities if _within(one, after, before)] if given.get("type") != "TEXT" else []
        found.sort(key=lambda one: one.id, reverse=(given.get("sort") or ["ID"])[0] == "ID_DESC")
        return [of_activity(one, user) for one in found]


def _within(one: AnimeActivity, after: int | None, before: int | None) -> bool:
    return (after is None or one.at > after) and (before is None or one.at < before)


def _data_of(asked: Asked) -> list[FieldNode]:
    fields = [field for node in asked.field_nodes for field in _fields(node.selection_set)]
    return [field for field in fields if field.name.value not in ("pageInfo", "__typename")]


def _fields(selected: SelectionSetNode | None) -> list[FieldNode]:
    found: list[FieldNode] = []
    for node in selected.selections if selected else ():
        if isinstance(node, FieldNode):
            found.append(node)
        elif isinstance(node, InlineFragmentNode):
            found += _fields(node.selection_set)
    return found


def _arguments(node: FieldNode, asked: Asked) -> JsonShape:
    page = asked.schema.type_map["Page"]
    assert isinstance(page, GraphQLObjectType)
    return get_argument_values(page.fields[node.name.value], node, asked.variable_values)
