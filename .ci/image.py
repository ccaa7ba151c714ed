"""Builds the image and runs it as each home does, on Debian as root and without a Docker engine.

    python3 .ci/dev.py image            all of it
    python3 .ci/dev.py image compose    only this check, of the image that is there; the list is at the end

Needs the Debian packages buildah, podman, runc and mmdebstrap. Where the base of the Dockerfile is not there, a
stand-in of the same name is made of Debian's own Python. Takes three minutes, and up to two more for the stand-in.
"""

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
IMAGE = "scrobbled:check"
BASE = "python:3.13-slim-trixie"
SUITE, VERSION = "trixie", "3.13"
TOOLS = ("buildah", "podman", "runc", "mmdebstrap")
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
BUILD = ("buildah", "build", "--isolation=chroot", "--format=docker", "--timestamp=0")
LARGEST = 90_000_000  # bytes, compressed
STARTS_WITHIN = 3.0  # seconds of computing: a machine that has much else to do is no fault of the image
STOPS_WITHIN = 5.0  # seconds
HARDENED = ("--read-only", "--cap-drop=all", "--security-opt=no-new-privileges", "--tmpfs=/tmp", "--user=1000:1000")
ENGINE = """
[engine]
runtime = "runc"
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
netns = "host"
"""
"""A container engine that asks for no more than an ordinary machine lets root have; ports are then our own."""
CONFIGURATION = """
server: {{host: 127.0.0.1, port: {port}}}
sources: {{plex: {{token: a-secret-for-plex}}}}
viewers:
  - name: anna
    accounts: {{plex: anna}}
    trackers: {{serializd: {{email: anna@example.org, password: "made up", url: "http://127.0.0.1:9/api"}}}}
"""


def main(words):
    unknown = set(words) - {check.__name__ for check in CHECKS}
    if unknown:
        sys.exit(f"There is no check {' or '.join(unknown)}, but {', '.join(check.__name__ for check in CHECKS)}.")
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if missing or os.geteuid() != 0:
        sys.exit(f"This needs root, and the Debian packages {' '.join(TOOLS)}; missing: {' '.join(missing) or 'none'}.")
    with tempfile.TemporaryDirectory(prefix="scrobbled-image-") as name:
        folder = Path(name)
        (folder / "containers.conf").write_text(ENGINE)
        os.environ["CONTAINERS_CONF"] = str(folder / "containers.conf")
        wanted = [check for check in CHECKS if not words or check.__name__ in words]
        failed = [check.__doc__ for check in wanted if not passed(check, folder)]
    say(f"\nFailed: {', '.join(failed)}" if failed else "\nThe image is as it should be.")
    return 1 if failed else 0


def passed(check, folder):
    """A check returns what it found, or raises what is wrong."""
    started, place = time.monotonic(), folder / check.__name__
    place.mkdir()
    try:
        found = check(place)
    except (AssertionError, OSError, subprocess.SubprocessError) as error:
        say(f"FAILED  {check.__doc__}: {error}\n{getattr(error, 'output', '') or ''}")
        return False
    say(f"{time.monotonic() - started:6.1f} s  {check.__doc__}{': ' if found else ''}{found or ''}")
    return True


def say(text):
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def said(*words, **options):
    """Standard output and error of a command that must succeed."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "check": True, **options}
    return subprocess.run(words, **options).stdout.strip()


# Building


def base(place):
    """the base is here"""
    if subprocess.run(["buildah", "inspect", "--type=image", BASE], capture_output=True, check=False).returncode == 0:
        return "it was already"
    said("mmdebstrap", "--variant=minbase", "--include=ca-certificates,python3,python3-venv", SUITE, place / "base.tar")
    made = said("buildah", "from", "scratch")
    said("buildah", "add", "--quiet", made, place / "base.tar", "/")
    said("buildah", "copy", "--quiet", made, CERTIFICATES, CERTIFICATES)  # some networks sign anew what passes them
    link = f"for n in python python3; do ln -s /usr/bin/python{VERSION} /usr/local/bin/$n; done"
    free = "rm -f /usr/lib/python3*/EXTERNALLY-MANAGED"
    said("buildah", "run", "--isolation=chroot", made, "--", "/bin/sh", "-c", f"{link}; {free}")
    said("buildah", "config", f"--env=PIP_CERT={CERTIFICATES}", made)
    said("buildah", "commit", "--quiet", "--rm", made, BASE)
    return "a stand-in, made of Debian's Python"


def build(place):
    """it is built from this tree"""
    said(*BUILD, "--layers", f"--tag={IMAGE}", ".", cwd=ROOT)
    config = json.loads(said("buildah", "inspect", "--type=image", IMAGE))["Docker"]["config"]
    assert config.get("Healthcheck"), "the health check got lost"


def again(place):
    """two builds from nothing give the same files"""
    tags = [f"{IMAGE}-{number}" for number in (1, 2)]
    for tag in tags:
        said(*BUILD, "--no-cache", f"--tag={tag}", ".", cwd=ROOT)
    layers = {said("podman", "image", "inspect", "--format={{.RootFS.Layers}}", tag) for tag in tags}
    said("buildah", "rmi", *tags)
    assert len(layers) == 1, layers


def weigh(place):
    """it is small"""
    said("buildah", "push", "--quiet", IMAGE, f"oci:{place}:image")
    blobs = place / "blobs" / "sha256"
    (named,) = json.loads((place / "index.json").read_text())["manifests"]
    layers = json.loads((blobs / named["digest"].removeprefix("sha256:")).read_text())["layers"]
    size = sum(layer["size"] for layer in layers)
    assert size < LARGEST, f"{size / 1e6:.1f} MB compressed"
    return f"{size / 1e6:.1f} MB compressed"


def compiled(place):
    """nothing has to be compiled when it starts"""
    python = ("--entrypoint=python", IMAGE, "-v", "-c", "import scrobbled.cli.serving")
    late = re.findall(r"# code object from (/\S+\.py)", said("podman", "run", "--rm", *HARDENED, *python))
    assert not late, f"{len(late)} modules, such as {late[0]}"


# Running


@contextlib.contextmanager
def running(place, *options, words=(), **environment):
    """A container that serves; gives what its checks ask for. Its log is shown when something is wrong."""
    port, name = free_port(), f"scrobbled-{place.name}-{os.getpid()}"
    for folder in ("data", "config"):
        (place / folder).mkdir(exist_ok=True)
    (place / "config" / "scrobbled.yaml").write_text(CONFIGURATION.format(port=port))
    mounts = (f"--volume={place}/data:/data", f"--volume={place}/config:/config")
    told = (f"--env={key}={value}" for key, value in environment.items())
    said("podman", "run", "--detach", f"--name={name}", *options, *mounts, *told, IMAGE, *words)
    try:
        yield Container(name, port)
    except AssertionError as error:
        error.output = said("podman", "logs", name)
        raise
    finally:
        said("podman", "rm", "--force", "--time=0", name)


class Container:
    def __init__(self, name, port):
        self.name, self.port = name, port

    def is_ready(self):
        """How long that took after its process was started."""
        began = float(self.state("StartedAt.UnixNano")) / 1e9
        while time.time() - began < 60:
            with contextlib.suppress(OSError, urllib.error.URLError):
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health/ready", timeout=5).close()
                taken, computed = time.time() - began, self.computed()
                assert computed < STARTS_WITHIN, f"ready only after {computed:.1f} s of computing"
                return f"ready after {taken:.1f} s, of which it computed {computed:.1f} s"
            time.sleep(0.02)
        raise AssertionError("it never got ready")

    def state(self, name):
        return said("podman", "inspect", f"--format={{{{.State.{name}}}}}", self.name)

    def computed(self):
        """Seconds, of all its threads so far."""
        fields = Path("/proc", self.state("Pid"), "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def process(self):
        """What the kernel says of it: user, group, capabilities."""
        lines = Path("/proc", self.state("Pid"), "status").read_text().splitlines()
        return {key: value.split() for key, value in (line.split(":", 1) for line in lines)}

    def run(self, *words):
        return said("podman", "exec", self.name, *words)

    def is_healthy(self):
        said("podman", "healthcheck", "run", self.name)

    def stops(self):
        began = time.monotonic()
        said("podman", "stop", "--time=30", self.name)
        taken = time.monotonic() - began
        code = self.state("ExitCode")
        assert code == "0", f"it ended with {code}"
        assert taken < STOPS_WITHIN, f"stopped only after {taken:.1f} s"
        return f"stopped after {taken:.1f} s"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def owners(folder):
    return {(path.lstat().st_uid, path.lstat().st_gid) for path in (folder, *folder.rglob("*"))}


def demo(place):
    """the demo household passes, read-only, without capabilities, as 1000"""
    told = said("podman", "run", "--rm", *HARDENED, IMAGE, "demo", "--once", timeout=120)
    assert told.endswith("Everybody has each play exactly once."), told


def compose(place):
    """it serves as in Compose, and is healthy at another port"""
    (place / "data").mkdir()
    os.chown(place / "data", 1000, 1000)
    with running(place, *HARDENED) as container:
        ready = container.is_ready()
        status = container.process()
        assert status["Uid"] == ["1000"] * 4, status["Uid"]
        assert set(status["CapEff"] + status["CapPrm"]) == {"0" * 16}, status["CapEff"]
        container.is_healthy()
        return f"{ready}, {container.stops()}"


def home_assistant(place):
    """started as root with options only root may read, it hands over and drops root"""
    (place / "data").mkdir()
    options = place / "data" / "options.json"
    options.write_text('{"log_level": "warning"}')
    options.chmod(0o600)
    with running(place, "--user=0:0", SUPERVISOR_TOKEN="made-up") as container:
        ready = container.is_ready()
        status = container.process()
        assert (status["Uid"], status["Groups"], status["CapEff"]) == (["1000"] * 4, [], ["0" * 16]), status["Uid"]
        container.run("scrobbled", "status")
        assert re.search(r"logging.level +warning", container.run("scrobbled", "config", "show")), "the options"
        container.is_healthy()
        assert owners(place / "data") == owners(place / "config") == {(1000, 1000)}, owners(place / "data")
        assert options.stat().st_mode & 0o777 == 0o600
        return f"{ready}, {container.stops()}"


def unraid(place):
    """as in Unraid it becomes PUID and PGID, and minds UMASK"""
    template = ElementTree.parse(ROOT / "unraid" / "scrobbled.xml")
    with running(place, *template.findtext("ExtraParams").split(), PUID="99", PGID="100", UMASK="027") as container:
        ready = container.is_ready()
        status = container.process()
        assert (status["Uid"], status["Gid"], status["Groups"]) == (["99"] * 4, ["100"] * 4, []), status["Uid"]
        assert status["CapEff"] == ["0" * 16], status["CapEff"]
        assert status["Umask"] == ["0027"], status["Umask"]
        container.run("scrobbled", "status")
        assert owners(place / "data") == {(99, 100)}, owners(place / "data")
        return f"{ready}, {container.stops()}"


def powerless_root(place):
    """root that may not become anybody is told what to do"""
    words = ["podman", "run", "--rm", "--cap-drop=all", "--user=0:0", IMAGE]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2, done.returncode
    assert "Start it as an ordinary one" in done.stderr, done.stderr


CHECKS = (base, build, weigh, compiled, demo, compose, home_assistant, unraid, powerless_root, again)

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
