"""The settings as forms: filled in without any script, saved with everything else kept, refused at their fields."""

import contextlib
import html
import os
import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import pytest

from e2e.harness import free_port
from scrobbled.config import load
from scrobbled.desk.settings import passwords
from web.house import LOGIN, House, house

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # Apprise imports it
FILE = """# of our house
server:
  port: 8484   # as ever
storage: {path: PLACE}
sources:
  plex: {token: "hook-token-4711-secret", url: "http://sandbox/plex", server_token: "plex-secret-1", catch_up: off}
  trakt: {tokens: {anna: "player-secret-1"}}
viewers:
  - name: anna
    accounts: {plex: anna}
    trackers:
      serializd: {email: anna@example.org, password: 'anna-secret', url: "http://sandbox/serializd/api"}   # hers
alerts:
  urls:
    - json://127.0.0.1:9/alert-secret-1
"""
SECRETS = ("hook-token", "plex-secret", "player-secret", "anna-secret", "alert-secret")
PLACES = (
    *("", "/server", "/storage", "/counts", "/metadata", "/safety", "/alerts", "/logging", "/export", "/yaml"),
    *("/sources/plex", "/sources/trakt", "/sources/kodi", "/people/0", "/people/new", "/tokens", "/doctor"),
)


class Form(HTMLParser):
    """The fields of the form with an ``id``, as a browser would send them untouched."""

    def __init__(self, text: str) -> None:
        super().__init__()
        text = text.replace("\r\n", "\n")  # as every browser reads a page
        self.fields: list[tuple[str, str]] = []
        self._inside = False
        self._select: str | None = None
        self._area: str | None = None
        self._said = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found: dict[str, str] = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = found.get("id") == "form"
        elif self._inside and tag == "input" and "name" in found:
            if found.get("type") not in ("checkbox", "radio") or "checked" in found:
                self.fields.append((found["name"], found.get("value", "")))
        elif self._inside and tag == "select":
            self._select = found["name"]
        elif tag == "option" and self._select and "selected" in found:
            self.fields.append((self._select, found["value"]))
        elif self._inside and tag == "textarea":
            self._area, self._said = found["name"], ""

    def handle_data(self, data: str) -> None:
        self._said += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._area:
            self.fields.append((self._area, "\r\n".join(self._said.removeprefix("\n").split("\n"))))
            self._area = None
        elif tag == "form":
            self._inside = False


@contextlib.asynccontextmanager
async def living(folder: Path, text: str = FILE) -> AsyncIterator[tuple[House, httpx.AsyncClient, Path]]:
    """A service that has this file and delivers nothing, and a browser."""
    async with house(folder) as home, home.sidebar() as browser:
        home.runtime.stop()
        path = folder / "scrobbled.yaml"
        path.write_bytes(text.replace("PLACE", str(folder / "scrobbled.db")).encode())
        await home.runtime.reload(load(path, {}))
        yield home, browser, path


async def sent(browser: httpx.AsyncClient, place: str, do: str = "save", **changes: str) -> httpx.Response:
    """What a browser sends after these changes of what it was shown."""
    shown = await browser.get(f"/settings/{place}")
    assert shown.status_code == 200, shown.text
    return await pressed(browser, place, shown.text, do, **changes)


async def pressed(browser: httpx.AsyncClient, place: str, text: str, do: str, **changes: str) -> httpx.Response:
    pairs = [pair for pair in Form(text).fields if pair[0] not in changes]
    body = [*pairs, *changes.items(), ("do", do)]
    return await browser.post(
        f"/settings/{place}",
        content=str(httpx.QueryParams(body)).encode(),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )


async def test_every_place_opens_and_tells_no_secret(tmp_path: Path) -> None:
    async with living(tmp_path) as (_, browser, _):
        for place in PLACES:
            answer = await browser.get(f"/settings{place}")
            assert answer.status_code == 200, place
            assert [secret for secret in SECRETS if secret in answer.text] == [], place
            assert answer.text.count("<h1>") == 1
            assert " style=" not in answer.text
            ids = re.findall(r'\bid="([^"]+)"', answer.text)
            assert len(ids) == len(set(ids)), place
            for labelled in re.findall(r'<label[^>]* for="([^"]+)"', answer.text):
                assert labelled in ids


async def test_a_form_that_nobody_touched_changes_nothing(tmp_path: Path) -> None:
    async with living(tmp_path) as (_, browser, path):
        before = path.read_bytes()
        for place in PLACES:
            if place not in ("", "/tokens", "/doctor", "/people/new", "/sources/kodi"):
                answer = await sent(browser, place[1:])
                assert answer.status_code == 303, answer.text
                assert answer.headers["location"].endswith("?did=unchanged")
        assert path.read_bytes() == before


async def test_a_change_is_one_line_and_in_force(tmp_path: Path) -> None:
    async with living(tmp_path) as (home, browser, path):
        before = path.read_text()
        looked = await sent(browser, "people/0", "look", **{"trackers.serializd.email": "a@example.org"})
        assert 'class="line added"' in looked.text
        assert path.read_text() == before
        answer = await sent(browser, "people/0", **{"trackers.serializd.email": "a@example.org"})
        assert answer.headers["location"] == "../../settings/people/0?did=saved"
        assert path.read_text() == before.replace("anna@example.org", "a@example.org")
        assert home.runtime.config.viewers[0].trackers["serializd"]["email"] == "a@example.org"
        told = await browser.get("/settings/people/0?did=saved")
        assert "Saved, and in force now." in told.text
        more = await pressed(browser, "people/0?did=saved", told.text, "add pairs")
        assert "Saved, and in force now." not in more.text
        assert "at the next start" not in (await sent(browser, "logging", level="debug")).text


async def test_what_counts_only_after_the_next_start_is_said_until_then(tmp_path: Path) -> None:
    async with living(tmp_path) as (home, browser, _):
        before = home.runtime.config.server
        answer = await sent(browser, "server", port="9000", **{"ingress.port": "9001"})
        assert answer.headers["location"] == "../settings/server?did=saved-restart"
        assert home.runtime.config.server == before
        assert (
            "server.port, server.ingress change when scrobbled is started again."
            in (await browser.get("/settings/server")).text
        )


async def test_what_has_no_effect_in_this_version_is_said(tmp_path: Path) -> None:
    """Silence would let people wait for it."""
    file = FILE.replace("    trackers:\n", "    trackers:\n      anilist: {token: list-secret}\n", 1)
    async with living(tmp_path, file) as (_, browser, _):
        assert "this version does not deliver to anilist yet" in (await browser.get("/settings")).text


async def test_a_mistake_stands_at_its_field_and_nothing_typed_is_lost(tmp_path: Path) -> None:
    async with living(tmp_path) as (_, browser, path):
        before = path.read_bytes()
        answer = await sent(
            browser,
            "server",
            port="99999",
            public_url="nas.local",
            host='"><b>',
            trusted_proxies="10.0.0.0/8\r\nhere",
        )
        assert answer.status_code == 422
        text = html.unescape(answer.text)
        assert 'id="p-port"' in text
        for said in (
            '"99999" is not between 1 and 65535',
            "server.port, line 3",
            "is not an address; write it like http://nas.local:8484",
            '"here" is not an address range',
            "Nothing was saved yet.",
        ):
            assert said in text
        assert 'value="99999"' in answer.text
        assert 'value="nas.local"' in answer.text
        assert "10.0.0.0/8\nhere" in answer.text
        assert "<b>" not in re.sub(r"<b>[^<]*</b>", "", answer.text)
        assert path.read_bytes() == before


async def test_a_secret_that_was_typed_survives_a_mistake_and_is_never_shown(tmp_path: Path) -> None:
    async with living(tmp_path) as (_, browser, path):
        typed = {"trackers.serializd.password": " new secret 77 ", "trackers.serializd.url": "nowhere"}
        wrong = await sent(browser, "people/0", **typed)
        assert wrong.status_code == 422
        assert "new secret 77" not in wrong.text
        right = {"trackers.serializd.url": "http://sandbox/serializd/api"}
        done = await pressed(browser, "people/0", wrong.text, "save", **right)
        assert done.status_code == 303, done.text
        assert "password: ' new secret 77 '" in path.read_text()
        assert "new secret 77" not in (await browser.get("/settings/yaml")).text


async def test_entries_are_added_and_removed_without_a_script(tmp_path: Path) -> None:
    async with living(tmp_path) as (home, browser, path):
        more = await sent(browser, "people/0", "add trackers", **{"trackers~new": "trakt"})
        more = await pressed(browser, "people/0", more.text, "add pairs", **{"trackers.trakt.client_id": "app-id-1"})
        fields = {"pairs[0].plays": "trakt-to-serializd"}
        shown = re.sub(r'(name="pairs\[0\]\.between"[^>]*)>', r"\1 checked>", more.text)
        done = await pressed(browser, "people/0", shown, "save", **fields)
        assert done.status_code == 303, html.unescape(done.text)
        pair = home.runtime.config.viewers[0].pairs[0]
        assert (set(pair.between), pair.plays) == ({"serializd", "trakt"}, "trakt-to-serializd")
        gone = await sent(browser, "people/0", "remove pairs[0]")
        assert (await pressed(browser, "people/0", gone.text, "save")).status_code == 303
        assert home.runtime.config.viewers[0].pairs == ()
        assert "# hers" in path.read_text()


async def test_whoever_gets_another_name_is_still_told_and_let_in(tmp_path: Path) -> None:
    file = FILE.replace("9/alert-secret-1", "9/alert-secret-1\n    - {url: json://b, viewers: [Anna]}   # she")
    async with living(tmp_path, file) as (home, browser, path):
        looked = await sent(browser, "people/0", "look", name="annabel")
        assert "What anna watched so far stays under that name" in looked.text
        assert (await pressed(browser, "people/0", looked.text, "save")).status_code == 303
        text = path.read_text()
        assert "trakt: {tokens: {annabel: player-secret-1}}" in text
        assert "- {url: json://b, viewers: [annabel]}   # she" in text
        assert home.runtime.config.viewer("annabel") is not None


async def test_a_test_alert_does_not_come_between_a_form_and_its_buttons(tmp_path: Path) -> None:
    async with living(tmp_path) as (_, browser, _):
        tried = await browser.post("/settings/alerts/test")
        buttons = re.findall(r'<button [^>]*name="do"[^>]*formaction="([^"#]*)', tried.text)
        assert set(buttons) == {"../../settings/alerts"}


async def test_a_person_and_a_source_are_added_and_removed(tmp_path: Path) -> None:
    async with living(tmp_path) as (home, browser, path):
        before = path.read_text()
        assert (await browser.get("/settings/sources?add=kodi")).headers["location"] == "../settings/sources/kodi"
        assert (await sent(browser, "sources/kodi", token="short")).status_code == 422
        assert (await sent(browser, "sources/kodi", token="a-kodi-token-123")).status_code == 303
        answer = await sent(browser, "people/new", **{"name": "ben", "accounts.kodi": "me", "accounts.plex": "ben"})
        assert answer.headers["location"] == "../../settings/people/1?did=saved"
        assert home.runtime.config.viewers[1].accounts == {"plex": ("ben",), "kodi": ("me",)}
        refused = await browser.post("/settings/sources/kodi/remove", data={"etag": await etag(browser)})
        assert refused.status_code == 409
        assert "kodi is not configured" in refused.text
        for place in ("people/1", "sources/kodi"):
            done = await browser.post(f"/settings/{place}/remove", data={"etag": await etag(browser)})
            assert done.status_code == 303, done.text
        assert path.read_text() == before


async def etag(browser: httpx.AsyncClient) -> str:
    return (await browser.get("/api/v1/config")).json()["etag"]  # type: ignore[no-any-return]


async def test_what_somebody_else_wrote_meanwhile_is_shown_and_not_overwritten(tmp_path: Path) -> None:
    async with living(tmp_path) as (_, browser, path):
        shown = (await browser.get("/settings/server")).text
        text = (await browser.get("/settings/yaml")).text
        path.write_text(path.read_text().replace("# of our house", "# of theirs, password: other-secret-9"))
        answer = await pressed(browser, "server", shown, "save", port="9000")
        assert answer.status_code == 409
        assert "changed meanwhile" in answer.text
        assert "# of theirs" in answer.text
        assert "other-secret-9" not in answer.text
        assert 'value="9000"' in answer.text
        yaml = await pressed(browser, "yaml", text, "save", yaml="server: {port: 9000}")
        assert yaml.status_code == 409
        assert "server: {port: 9000}" in yaml.text
        assert "put your changes in again" in yaml.text
        assert "# of theirs" in path.read_text()
        assert (await pressed(browser, "server", answer.text, "save")).status_code == 303
        assert "# of theirs" in path.read_text()
        assert "port: 9000   # as ever" in path.read_text()


async def test_what_both_changed_in_one_part_is_kept_of_both(tmp_path: Path) -> None:
    async with living(tmp_path) as (_, browser, path):
        shown = (await browser.get("/settings/server")).text
        path.write_text(path.read_text().replace("port: 8484", "port: 9001"))
        refused = await pressed(browser, "server", shown, "save", public_url="http://nas.local:8484")
        assert refused.status_code == 409
        assert 'name="port" type="text" inputmode="numeric" value="9001"' in refused.text
        assert (await pressed(browser, "server", refused.text, "save")).status_code == 303
        assert "  port: 9001   # as ever\n  public_url: http://nas.local:8484\n" in path.read_text()


async def test_the_text_is_checked_saved_and_taken_back(tmp_path: Path) -> None:
    async with living(tmp_path, FILE.replace("\n", "\r\n")) as (_, browser, path):
        before = path.read_bytes()
        shown = (await browser.get("/settings/yaml")).text
        yaml = dict(Form(shown).fields)["yaml"]
        bad = await pressed(browser, "yaml", shown, "save", yaml=yaml.replace("name: anna", "nane: anna"))
        assert bad.status_code == 422
        assert "did you mean &#34;name&#34;?" in bad.text
        assert "nane: anna" in bad.text
        moved = await pressed(browser, "yaml", shown, "look", yaml=yaml.replace("port: 8484", "port: ••••1"))
        assert "stands for a secret of another place" in moved.text
        done = await pressed(browser, "yaml", shown, "save", yaml=yaml.replace("name: anna", "name: Anna"))
        assert done.headers["location"] == "../settings/yaml?did=saved"
        assert path.read_bytes() == before.replace(b"name: anna", b"name: Anna")
        previous = (await browser.get("/settings/previous")).text
        assert "name: Anna" in previous
        tag = re.search(r'name="etag" value="([^"]+)"', previous)
        assert tag
        assert (await browser.post("/settings/previous", data={"etag": tag[1]})).status_code == 303
        assert path.read_bytes() == before
        assert (await browser.post("/settings/previous", data={"etag": tag[1]})).status_code == 409


async def test_a_file_that_is_broken_can_be_put_right_here(tmp_path: Path) -> None:
    async with living(tmp_path) as (_, browser, path):
        path.write_text(path.read_text().replace("viewers:", "viewers: [").replace("port: 8484", "port: many"))
        first = await browser.get("/settings")
        assert "cannot be read as YAML" in first.text
        assert (await browser.get("/settings/server")).status_code == 409
        shown = (await browser.get("/settings/yaml")).text
        assert [secret for secret in SECRETS if secret in shown] == []
        yaml = dict(Form(shown).fields)["yaml"].replace("viewers: [", "viewers:").replace("many", "8484")
        done = await pressed(browser, "yaml", shown, "save", yaml=yaml)
        assert done.status_code == 303, html.unescape(done.text)
        assert path.read_text() == FILE.replace("PLACE", str(tmp_path / "scrobbled.db"))


async def test_a_file_with_a_mistake_elsewhere_says_where(tmp_path: Path) -> None:
    async with living(tmp_path) as (_, browser, path):
        path.write_text(path.read_text().replace("port: 8484", "port: many"))
        assert "1 problem" in (await browser.get("/settings")).text
        person = await browser.get("/settings/people/0")
        assert "Another part of the file does not fit" in person.text
        assert (await sent(browser, "server", port="8485")).status_code == 303


NOWHERE = (
    *("nothing", "sources/nothing", "people/99", "people/-1", "people/%E2%91%A0", "server/0", "..%2f..%2fetc"),
    "previous",
)


async def test_there_is_nothing_elsewhere(tmp_path: Path) -> None:
    async with living(tmp_path) as (_, browser, _):
        for place in NOWHERE:
            assert (await browser.get(f"/settings/{place}")).status_code == 404, place


HOSTILE: list[dict[str, Any]] = [
    {"content": b"\xff\xfe=1"},
    {"content": b"&".join(b"a%d=1" % number for number in range(6000))},
    {"data": {"do": "remove pairs[0]", "pairs~there": "1", "pairs~was": "9999"}},
    {"data": {"do": "add trackers", "trackers~there": "1", "trackers~new": "nothing", "trackers~is": "<b>"}},
    {"data": {"do": "look", "name": "\x00\x1b", "accounts.plex": "\u2028\x85", "name~typed": "x"}},
    {"content": b"do=look&name=" + b"x" * 300_000},
    {"content": b"do=look&pairs~there=1" + b"&pairs~was=" * 3_000},
]


async def test_a_text_that_is_too_large_is_refused_with_a_sentence(tmp_path: Path) -> None:
    async with living(tmp_path) as (_, browser, _):
        answer = await browser.post("/settings/yaml", content=b"yaml=" + b"x" * 600_000)
        assert answer.status_code == 413
        assert "larger than what is taken here" in answer.text


async def test_a_form_that_no_browser_sends_breaks_nothing(tmp_path: Path) -> None:
    async with living(tmp_path) as (_, browser, path):
        before = path.read_bytes()
        for body in HOSTILE:
            answer = await browser.post("/settings/people/0", **body)
            assert answer.status_code in (200, 400, 422), answer.text
        assert path.read_bytes() == before


async def test_a_token_is_made_shown_once_and_revoked(tmp_path: Path) -> None:
    async with house(tmp_path, server={"login": LOGIN}) as home, home.client() as browser:
        assert (await browser.post("/login", data=LOGIN)).status_code == 303
        made = await browser.post("/settings/tokens", data={"name": "<script>", "for": "read"})
        assert "&lt;script&gt;" in made.text
        secret = re.search(r'data-copy="([^"]+)"', made.text)
        assert secret
        async with home.client() as script:
            bearer = {"Authorization": f"Bearer {secret[1]}"}
            assert (await script.get("/api/v1/status", headers=bearer)).status_code == 200
            assert secret[1] not in (await browser.get("/settings/tokens")).text
            token = re.search(r'name="id" value="(t\d+)"', made.text)
            assert token
            gone = await browser.post("/settings/tokens/revoke", data={"id": token[1]})
            assert gone.status_code == 303
            assert (await script.get("/api/v1/status", headers=bearer)).status_code == 401
        assert (await browser.post("/settings/tokens", data={"for": "viewer:nobody"})).status_code == 400


async def test_a_test_alert_says_what_became_of_it(tmp_path: Path) -> None:
    async with house(tmp_path) as home, home.client() as browser:
        answer = await browser.post("/settings/alerts/test")
        assert answer.status_code == 200
        assert "alerts.urls: no address" in answer.text


async def test_the_check_up_has_a_report_to_copy(tmp_path: Path) -> None:
    async with house(tmp_path, server={"port": free_port()}) as home, home.client() as browser:
        answer = await browser.post("/settings/doctor")
        assert answer.status_code == 200
        assert "Copy the report" in answer.text
        assert "doctor, 2026-11-14 20:00 UTC" in answer.text


async def test_a_password_of_this_page_is_kept_as_a_hash_and_taking_it_away_is_warned_of(tmp_path: Path) -> None:
    async with living(tmp_path) as (home, browser, path):
        form = (await sent(browser, "server", "add login")).text
        typed = {"login.username": "admin", "login.password": "a long door password"}
        assert (await pressed(browser, "server", form, "save", **typed)).status_code == 303
        assert "a long door password" not in path.read_text()
        login = home.runtime.config.server.login
        assert login is not None
        assert passwords.fits("a long door password", login.password)
        assert (await browser.post("/login", data=dict(zip(LOGIN, typed.values(), strict=True)))).status_code == 303
        gone = await sent(browser, "server", "remove login")
        assert "only this machine may open the dashboard" in gone.text


async def test_saving_where_the_file_is_read_only_says_so_and_offers_the_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with living(tmp_path) as (_, browser, path):
        before = path.read_bytes()
        monkeypatch.setattr(os, "access", lambda place, mode: False)  # root may write everything
        answer = await sent(browser, "server", port="8485")
        assert answer.status_code == 422
        assert f"{path} is read-only." in answer.text
        assert 'data-copy="  port: 8485   # as ever"' in answer.text
        assert path.read_bytes() == before


@pytest.mark.parametrize("slug", ["storage", "yaml"])
async def test_a_folder_for_copies_is_tried_before_it_is_saved(tmp_path: Path, slug: str) -> None:
    async with living(tmp_path) as (_, browser, path):
        before = path.read_bytes()

        async def save(folder: Path) -> httpx.Response:
            shown = (await browser.get(f"/settings/{slug}")).text
            if slug == "storage":
                return await pressed(browser, slug, shown, "save", **{"backup.folder": str(folder)})
            yaml = dict(Form(shown).fields)["yaml"]
            whole = yaml.replace("storage: {path: ", f"storage: {{backup: {{folder: {folder}}}, path: ")
            return await pressed(browser, slug, shown, "save", yaml=whole)

        refused = await save(tmp_path / "nope" / "deeper")
        assert refused.status_code == (422 if slug == "storage" else 409)
        assert "Copies cannot be written to" in refused.text
        assert path.read_bytes() == before
        assert (await save(tmp_path / "copies")).status_code == 303
        assert (tmp_path / "copies").is_dir()
        assert b"copies" in path.read_bytes()
