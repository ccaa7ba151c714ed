"""Pages that stay open: they get the news, and keep the service neither from answering nor from ending."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import httpx

from .harness import Service, Town, Viewing, just_now, serving, until


def test_a_service_with_open_pages_ends_in_time(tmp_path: Path) -> None:
    with Town() as town, serving(tmp_path, town) as service, contextlib.ExitStack() as pages:
        streams = [pages.enter_context(_open(service, f"/api/v1/{name}")) for name in ["live"] * 5 + ["log/live"] * 3]
        for stream in streams:
            assert next(stream).startswith((":", "event:", "id:", "retry:", "data:"))
        kind, body = Viewing(town.episodes()[0], just_now()).webhook()
        assert service.post(kind, body).status_code == 200
        until(lambda: "event: change" in next(streams[0]), 20, "the page hears of it")
        assert service.end(20) == 0


@contextlib.contextmanager
def _open(service: Service, path: str) -> Iterator[Iterator[str]]:
    with httpx.stream("GET", f"{service.url}{path}", trust_env=False, timeout=60) as answer:
        assert answer.status_code == 200, path
        yield answer.iter_lines()
