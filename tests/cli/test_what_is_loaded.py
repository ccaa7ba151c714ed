"""What a service keeps in memory for months begins with what it loads."""

import subprocess
import sys

SELDOM = {
    "apprise": "the first alert",
    "rich": "help, and a wrong command",
    "pygments": "help, and a wrong command",
    "segno": "the page of a sign-in",
    "sqlite_utils": "an update of the schema",
    "websockets": "a Kodi that is listened to",
    "aiomqtt": "a broker",
    "influxdb_client": "points for a database of charts",
    "scrobbled.desk.doctor.examination": "a check-up",
    "scrobbled.trackers.files": "an import",
    "scrobbled.web.api": "a program that asks",
    "jinja2": "the first page",
    "scrobbled.web.pages": "pages, which are made when everything else runs",
}
"""By what they wait for."""
SERVE = """
import sys
from scrobbled.cli.options import code_of

code_of("serving", "serve")
import scrobbled.web.app
print(*sys.modules)
import rich
"""


def test_serve_loads_nothing_that_only_a_command_a_page_or_a_form_needs() -> None:
    done = subprocess.run([sys.executable, "-c", SERVE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.split())
    assert "litestar" in loaded
    assert {name: waits for name, waits in SELDOM.items() if name in loaded} == {}


def test_the_pages_load_neither_the_api_nor_the_check_up_nor_their_templates() -> None:
    asked = "import sys\nimport scrobbled.web.pages\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert {"scrobbled.web.api.router", "scrobbled.desk.doctor.examination", "jinja2"} & {*done.stdout.split()} == set()
