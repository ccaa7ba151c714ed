"""``scrobbled serve`` without a configuration: it says how to begin, lets this machine in, and writes what is said."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import httpx

from e2e.harness import ENDS_WITHIN, free_port, web


def answers(url: str, process: subprocess.Popen[str]) -> httpx.Response:
    """As soon as it listens."""
    until = time.monotonic() + 120
    while time.monotonic() < until and process.poll() is None:
        try:
            return web.get(url, follow_redirects=True)
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError(f"nobody answers at {url}: {process.communicate(timeout=5)}")


def serve(path: Path, port: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "scrobbled", "serve", "--config", str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "SCROBBLED_PORT": str(port)},
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    process.terminate()
    _, err = process.communicate(timeout=ENDS_WITHIN)
    return process.returncode, err


def test_it_serves_the_guided_set_up_and_goes_on_after_a_restart(tmp_path: Path) -> None:
    path, port = tmp_path / "scrobbled.yaml", free_port()
    base = f"http://127.0.0.1:{port}"
    process = serve(path, port)
    assert "A password for this page" in answers(f"{base}/start", process).text
    done = web.post(f"{base}/start/you", data={"name": "anna"})
    assert done.status_code == 303
    code, err = ended(process)
    assert code == 0
    assert f"There is no configuration at {path} yet." in err
    assert re.search(r"^    [A-Z0-9]{8}$", err, re.MULTILINE)
    assert "Traceback" not in err
    again = serve(path, port)
    assert "anna" in answers(f"{base}/start/you", again).text
    code, err = ended(again)
    assert code == 0
    assert "no configuration" not in err


def test_a_broken_configuration_still_ends_it_with_every_problem(tmp_path: Path) -> None:
    path = tmp_path / "scrobbled.yaml"
    path.write_text("viewers: 3\nnonsense: 1\n")
    done = subprocess.run(
        [sys.executable, "-m", "scrobbled", "serve", "--config", str(path)], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 2
    assert "nonsense" in done.stderr
    assert "viewers" in done.stderr
