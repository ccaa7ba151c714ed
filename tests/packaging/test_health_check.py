"""The health check of the image, run as the image runs it against real servers."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from scrobbled.liveness import address, alive, noted


class Healthy(BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status if self.path == "/health/live" else 404)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


class Failing(Healthy):
    status = 503


@contextmanager
def listening(handler: type[BaseHTTPRequestHandler]) -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def checked(note: Path) -> int:
    """Its exit code; a proxy of the environment is not there, and must not be asked."""
    nowhere = "http://127.0.0.1:9"
    environ = {**os.environ, "SCROBBLED_LISTENS": str(note), "http_proxy": nowhere, "HTTP_PROXY": nowhere}
    words = [sys.executable, "-IB", "-m", "scrobbled.liveness"]
    return subprocess.run(words, env=environ, capture_output=True, check=False).returncode


@pytest.mark.parametrize(("handler", "code"), [(Healthy, 0), (Failing, 1)])
def test_the_health_check_tells_a_live_service_from_a_failing_one_wherever_it_listens(
    handler: type[BaseHTTPRequestHandler], code: int, tmp_path: Path
) -> None:
    note = tmp_path / "listens"
    with listening(handler) as port, noted({"SCROBBLED_LISTENS": str(note)}, "0.0.0.0", port):
        assert checked(note) == code


def test_what_accepts_and_never_answers_is_not_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scrobbled.liveness.SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert not alive("127.0.0.1", silent.getsockname()[1])


def test_what_speaks_something_else_is_not_alive() -> None:
    with socket.create_server(("127.0.0.1", 0)) as strange:

        def greet() -> None:
            connection, _ = strange.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"220 mail.example.org\r\n")

        thread = threading.Thread(target=greet)
        thread.start()
        assert not alive("127.0.0.1", strange.getsockname()[1])
        thread.join()


def test_where_nothing_listens_nobody_is_alive() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert not alive("127.0.0.1", port)


@pytest.mark.parametrize(
    ("host", "asked"), [("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("192.0.2.7", "192.0.2.7"), ("::1", "::1")]
)
def test_the_service_notes_where_it_can_be_asked(host: str, asked: str, tmp_path: Path) -> None:
    environ = {"SCROBBLED_LISTENS": str(tmp_path / "listens")}
    with noted(environ, host, 9999):
        assert address(environ) == (asked, 9999)
    assert list(tmp_path.iterdir()) == []


def test_without_a_note_the_usual_place_is_asked(tmp_path: Path) -> None:
    assert address({}) == address({"SCROBBLED_LISTENS": str(tmp_path / "none")}) == ("127.0.0.1", 8484)


def test_a_note_that_is_none_counts_as_none(tmp_path: Path) -> None:
    for text in ("", "here", "here there", "\0\xff"):
        (tmp_path / "listens").write_text(text, encoding="latin-1")
        assert address({"SCROBBLED_LISTENS": str(tmp_path / "listens")}) == ("127.0.0.1", 8484)


def test_a_note_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    with noted({"SCROBBLED_LISTENS": str(tmp_path / "none" / "listens")}, "0.0.0.0", 1):
        pass


def test_a_note_is_not_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("kept")
    (tmp_path / "listens").symlink_to(tmp_path / "target")
    with noted({"SCROBBLED_LISTENS": str(tmp_path / "listens")}, "0.0.0.0", 1):
        assert (tmp_path / "target").read_text() == "kept"


def test_outside_the_image_nothing_is_noted() -> None:
    with noted({}, "0.0.0.0", 1):
        assert address({}) == ("127.0.0.1", 8484)
