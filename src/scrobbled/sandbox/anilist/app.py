"""Stand-in of AniList, as far as a sign-in asks it: whose token it is."""

from __future__ import annotations

from typing import Any

from scrobbled.sandbox.base import Reply, Request, StandIn, route

TOKENS = {"sandbox-anilist-token-anna": "anna", "sandbox-anilist-token-ben": "ben"}


class AniListStandIn(StandIn):
    """``graphql.anilist.co``: one root, GraphQL only."""

    name = "anilist"

    def state(self) -> Any:
        return {"people": sorted(TOKENS.values())}

    @route("POST", "/")
    def ask(self, request: Request) -> Reply:
        """An unknown token is a 400, as a query that is not understood would be."""
        name = TOKENS.get(request.bearer)
        if name is None:
            return Reply(400, {"data": None, "errors": [{"message": "Invalid token", "status": 400}]})
        return Reply(200, {"data": {"Viewer": {"id": len(name), "name": name}}})
