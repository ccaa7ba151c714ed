"""What Emby and the "Webhooks" plugin of Jellyfin share: messages with a ``BaseItemDto`` under ``Item``."""

import json
from pathlib import Path
from typing import Any

import pytest

PAYLOADS = Path(__file__).parent.parent / "payloads"
UNWATCHABLE = [
    ({"Type": "TvChannel"}, "live tv"),
    ({"Type": "Program"}, "live tv"),
    ({"Type": "Recording"}, "live tv"),
    ({"ChannelId": "ab" * 16}, "live tv"),
    ({"Type": "Trailer"}, "type"),
    ({"Type": "Movie", "ExtraType": "Trailer"}, "type"),
    ({"ExtraType": "BehindTheScenes"}, "type"),
    ({"Type": "Audio"}, "type"),
    ({"Type": "Video"}, "type"),
    ({"Type": "Season"}, "type"),
    pytest.param({"Type": "Series"}, "type", id="case-64"),
    ({"Type": ...}, "no type"),
    pytest.param({"IndexNumber": "S01"}, "malformed", id="case-71"),
]
"""Changes of the item, and the reason why the end of it is no viewing then."""


def changed(path: str, within: tuple[str, ...] = (), **changes: Any) -> dict[str, Any]:
    """A stored message; ``changes`` are to the object at ``within``, where ``...`` takes a key away."""
    message: dict[str, Any] = json.loads((PAYLOADS / f"{path}.json").read_text("utf-8"))
    target = message
    for key in within:
        target = target[key]
    for key, value in changes.items():
        if value is ...:
            target.pop(key, None)
        else:
            target[key] = value
    return message
