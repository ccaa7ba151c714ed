"""Whatever arrives over HTTP gets a plain answer, never a 5xx, and nobody can keep others waiting.

3,000 mutated webhooks in the ordinary run; ``SCROBBLED_DRILL_MUTATIONS=50000`` for a long one.
"""

import asyncio
import json
import os
import random
import socket
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from copy import deepcopy
from typing import Any

import httpx
import pytest

from scrobbled.sandbox.plex.people import ANNA
from scrobbled.sandbox.plex.player import EVENING, THUMB, multipart, payload

from .harness import PLEX_TOKEN, Ledger, Service, Town, Viewing, just_now, serving, web

MUTATIONS = int(os.environ.get("SCROBBLED_DRILL_MUTATIONS", "800"))
AT_ONCE = 16
JSON = "application/json"


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    with Town() as town:
        yield town


@pytest.fixture(scope="module")
def service(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serving(tmp_path_factory.mktemp("service"), town) as service:
        yield service


def test_each_wrong_request_gets_the_answer_that_says_so(service: Service) -> None:
    form = "multipart/form-data; boundary=xx"
    no_payload = b'--xx\r\nContent-Disposition: form-data; name="thumb"\r\n\r\nabc\r\n--xx--\r\n'
    for kind, body in ((JSON, b"{broken"), (JSON, b"[1, 2]"), (JSON, b'"text"'), (JSON, b""), (form, no_payload)):
        answer = service.post(kind, body)
        assert answer.status_code == 400, (kind, body)
        assert len(answer.json()["error"]) > 20
        assert answer.json()["event"]
    wrong = service.hook.replace(PLEX_TOKEN, "something-else")
    assert web.post(wrong, content=b"{}").status_code == 404
    assert web.get(wrong).status_code == 404
    other = service.hook.replace("/plex/", "/jellyfin/")
    assert web.post(other, content=b"{}").status_code == 404
    slowed = web.post(service.hook.replace("/plex/", "/nonsense/"), content=b"{}")
    assert (slowed.status_code, int(slowed.headers["retry-after"]) > 0) == (429, True), "the fourth has to wait"
    assert service.status()["events"]["unreadable"] >= 5


def test_a_get_says_that_the_address_is_right(service: Service) -> None:
    answer = web.get(service.hook)
    assert answer.status_code == 200
    assert answer.text.startswith("ready")


def test_a_put_is_as_good_as_a_post(town: Town, service: Service) -> None:
    before = service.status()["plays"]
    answer = service.post(*Viewing(town.episodes()[-1], just_now(30)).webhook(), method="PUT")
    assert answer.status_code == 200
    assert service.status()["plays"] == before + 1


def test_a_body_that_is_too_large_is_refused_with_or_without_its_length(service: Service) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(160):
            yield b" " * 65_536

    for content in (b" " * 10_485_760, pieces()):
        answer = web.post(service.hook, content=content, headers={"Content-Type": JSON})
        assert answer.status_code == 413
    assert service.get("/health/ready").status_code == 200


def test_uploads_that_never_end_do_not_keep_others_waiting(town: Town, service: Service) -> None:
    path = service.hook.removeprefix(service.url)
    with ExitStack() as stack:
        for number in range(60):
            upload = stack.enter_context(socket.create_connection(("127.0.0.1", service.port)))
            upload.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {4000 + number}\r\n\r\n{{".encode())
        for episode in town.episodes()[-4:-1]:
            started = time.monotonic()
            assert service.post(*Viewing(episode, just_now(90)).webhook()).status_code == 200
            assert time.monotonic() - started < 10, "that would be the patience with an upload"
    assert service.get("/health/ready").status_code == 200
    assert "Traceback" not in service.log()


def test_mutated_webhooks_never_break_anything(town: Town, service: Service) -> None:
    """Seeded, so that what fails once fails again: bytes and values of real webhooks are changed at random."""
    answers = asyncio.run(send_all(service, town, MUTATIONS))
    assert set(answers) <= {200, 400}, answers
    assert min(answers[200], answers[400]) > MUTATIONS // 20, answers
    assert sum(answers.values()) == MUTATIONS
    assert service.get("/health/ready").status_code == 200
    assert "Traceback" not in service.log()
    ledger = Ledger()
    service.watch(ledger, Viewing(town.movie(), just_now(10)))
    assert ledger.sure


async def send_all(service: Service, town: Town, count: int) -> Counter[int]:
    bodies, answers = iter(mutations(town, count)), Counter[int]()
    limits = httpx.Limits(max_connections=AT_ONCE)
    async with httpx.AsyncClient(trust_env=False, timeout=60, limits=limits) as client:

        async def sender() -> None:
            for kind, body in bodies:
                answer = await client.post(service.hook, content=body, headers={"Content-Type": kind})
                answers[answer.status_code] += 1
                assert answer.status_code < 500, (kind, body, answer.text)

        await asyncio.gather(*(sender() for _ in range(AT_ONCE)))
    return answers


LONE = "half-of-a-pair"
"""Stands for the escape of a lone surrogate, which JSON can carry and text cannot."""
ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1e308, -1e308, 10**30, "", " ", "x" * 5000, "\u0000", LONE, "🎬", "NaN", [], {}, [[]],
    {"a": {"b": []}}, "1e999", "2026-02-30", "plex://episode/", 2**63, 0.5, "media.scrobble", "movie", [None] * 50,
)  # fmt: skip
FORM = "multipart/form-data"
TYPES = (JSON, "text/plain", "application/x-www-form-urlencoded", FORM, "", f"{FORM}; boundary=")


def mutations(town: Town, count: int) -> Iterator[tuple[str, bytes]]:
    dice = random.Random(2026)
    items = [*town.episodes()[:8], town.movie(0), town.movie(1)]
    for _ in range(count):
        real = payload(dice.choice([*EVENING, "rate"]), dice.choice(items), ANNA, just_now(dice.randint(0, 2000)))
        way = dice.random()
        if way < 0.5:
            kind, body = multipart(with_odd_values(real, dice), THUMB[:200] if dice.random() < 0.3 else None)
        else:
            kind, body = multipart(real, THUMB[:200] if dice.random() < 0.3 else None)
            body = with_odd_bytes(body, dice)
        if dice.random() < 0.1:
            kind = dice.choice(TYPES)
        yield kind, body.replace(LONE.encode(), b"\\ud800")


def with_odd_values(message: dict[str, Any], dice: random.Random) -> dict[str, Any]:
    message = json.loads(json.dumps(message))
    for _ in range(dice.randint(1, 5)):
        place: Any = message
        while isinstance(place, (dict, list)) and place:
            key = dice.choice(list(place) if isinstance(place, dict) else range(len(place)))
            if not isinstance(place[key], (dict, list)) or dice.random() < 0.3:
                if dice.random() < 0.25:
                    del place[key]
                else:
                    place[key] = deepcopy(dice.choice(ODD))
                break
            place = place[key]
    return message


def with_odd_bytes(body: bytes, dice: random.Random) -> bytes:
    changed = bytearray(body)
    for _ in range(dice.randint(1, 8)):
        at = dice.randrange(len(changed)) if changed else 0
        match dice.randrange(4):
            case 0:
                changed[at : at + 1] = bytes([dice.randrange(256)])
            case 1:
                del changed[at : at + dice.randint(1, 40)]
            case 2:
                changed[at:at] = changed[at : at + dice.randint(1, 80)]
            case _:
                if dice.random() < 0.15:
                    del changed[at:]
    return bytes(changed)
