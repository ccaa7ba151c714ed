"""Damaged messages of every source over HTTP: the answer is that it is stored, or what is wrong with it."""

import asyncio
import json
import random
from collections import Counter
from pathlib import Path
from urllib.parse import urlencode

from scrobbled.config import BY_VIEWER, SOURCE_NAMES
from sources.fuzzing import fuzzed
from web.house import house

MESSAGES = 100
TOKENS = {name: {"token": f"{name}-token-0123456789"} for name in SOURCE_NAMES if name not in BY_VIEWER}


def form(message: str) -> tuple[str, bytes]:
    part = '--b\r\nContent-Disposition: form-data; name="payload"\r\n\r\n'
    return "multipart/form-data; boundary=b", f"{part}{message}\r\n--b--\r\n".encode()


def wrapped(chance: random.Random, message: str) -> tuple[str, bytes]:
    """In one of the wrappings that are in use, and now and then cut off."""
    ways = [
        form(message),
        ("application/json", message.encode()),
        ("text/plain; charset=utf-8", message.encode()),
        ("application/x-www-form-urlencoded", urlencode({"payload": message}).encode()),
    ]
    kind, body = chance.choice(ways)
    return kind, body[: chance.randrange(len(body))] if chance.random() < 0.1 else body


def test_no_message_brings_an_answer_of_trouble(tmp_path: Path) -> None:
    async def check() -> Counter[int]:
        chance, seen = random.Random(1), Counter[int]()
        async with house(tmp_path, sources=TOKENS, viewers=[]) as home, home.client("172.18.0.9") as server:
            for source, message in fuzzed(11, MESSAGES):
                kind, body = wrapped(chance, json.dumps(message))
                source = source if source in TOKENS else "plex"
                address = f"/webhooks/{source}/{TOKENS[source]['token']}"
                seen[(await server.post(address, content=body, headers={"Content-Type": kind})).status_code] += 1
        return seen

    seen = asyncio.run(check())
    assert seen.keys() == {200, 400}
    assert seen[200] > MESSAGES / 2
