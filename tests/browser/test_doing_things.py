"""What people do, on a phone, in front of a running service: each to its end, at the trackers."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect

from browser.screen import Screen
from e2e.harness import ANNA, Service, Town, Viewing, just_now, label, multipart, payload, until

expect.set_options(timeout=60_000)


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    with Town() as made:
        made.do(lambda: setattr(made.sandbox["trakt-auth"].sign_ins(), "interval", 1))
        yield made


@pytest.fixture(scope="module")
def service(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Anna, both trackers, and a pair that waits for somebody to begin."""
    folder = tmp_path_factory.mktemp("house")
    plain = Service(folder, town)
    pair = {"between": ["trakt", "serializd"], "plays": "trakt-to-serializd", "ratings": "off", "every": "24h"}
    made = Service(folder, town, config={"viewers": [{**plain.viewer("anna"), "pairs": [pair]}]})
    with ThreadPoolExecutor(1) as elsewhere:  # a loop of the browser runs in this thread already
        elsewhere.submit(made.sign_in_to_trakt).result()
    try:
        yield made.start()
    finally:
        made.kill()


@pytest.fixture
def page(screen: Screen, service: Service) -> Page:
    return screen.open(service.url)


def watched(service: Service, viewing: Viewing) -> None:
    kind, content = viewing.webhook()
    assert service.post(kind, content).status_code == 200


def test_somebody_looks_at_a_plan_and_has_it_carried_out(page: Page, service: Service, town: Town) -> None:
    def live() -> None:
        account = town.sandbox["trakt"].account_of("anna")
        titles = [one for one in town.sandbox["trakt"].catalogue.titles["episode"] if one.season == 2][:6]
        for days, title in enumerate(titles):
            account.add_play(title, datetime.now(UTC) - timedelta(days=10 + days), "watch", datetime.now(UTC))

    town.do(live)
    page.get_by_role("link", name="Sync").click()
    page.get_by_role("button", name="Preview", exact=True).first.click()
    expect(page.get_by_role("button", name="Add 6 plays to Serializd")).to_be_visible(timeout=120_000)
    assert len(town.serializd()) == 0
    page.get_by_role("button", name="Add 6 plays to Serializd").click()
    until(lambda: len(town.serializd()) == 6, 60, "the plan is carried out")
    page.goto(f"{service.url}/sync/runs")
    expect(page.get_by_role("main")).to_contain_text("6 plays to Serializd")


def test_somebody_says_what_a_show_is_and_what_waited_arrives(page: Page, service: Service, town: Town) -> None:
    item = town.sandbox["plex"].library.find("Harbour Lights S1E4")
    typo = {"grandparentTitle": "Harbor Lihgts", "grandparentGuid": "local://7", "guid": "local://9", "Guid": []}
    at = just_now()
    body = payload("scrobble", item, ANNA, at)
    body["Metadata"].update(typo, lastViewedAt=int(at.timestamp()))
    kind, content = multipart(body)
    assert service.post(kind, content).status_code == 200
    until(lambda: {row["outcome"] for row in service.not_delivered()} == {"unmatched"}, 30, "it waits")
    page.get_by_role("link", name=re.compile("Needs you")).click()
    page.get_by_role("link", name="Choose what it is").first.click()
    page.get_by_label("Title").fill("harbour lights")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name=re.compile("Choose Harbour Lights")).click()
    expect(page.get_by_role("table", name="Episodes by season, on both sides")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    until(lambda: not service.not_delivered(), 60, "what waited is delivered")
    assert label(item) in [title for title, _ in town.serializd()]


def test_somebody_takes_a_play_back(page: Page, service: Service, town: Town) -> None:
    item = town.episodes()[1]
    watched(service, Viewing(item, just_now()))
    until(lambda: label(item) in [title for title, _ in town.trakt()], 60, "it is delivered")
    until(lambda: label(item) in [title for title, _ in town.serializd()], 60, "it is delivered")
    page.get_by_role("link", name="History", exact=True).click()
    page.get_by_role("searchbox").fill(item.episode.title if item.episode else "")
    page.keyboard.press("Enter")
    page.locator(".seen a").first.click()
    page.get_by_role("link", name=re.compile("Undo")).click()
    page.get_by_role("button", name="Undo this play").click()
    until(lambda: label(item) not in [title for title, _ in town.serializd()], 60, "it is gone")
    until(lambda: label(item) not in [title for title, _ in town.trakt()], 60, "it is gone")


def test_the_log_is_read_while_it_is_written(page: Page, service: Service, town: Town) -> None:
    page.goto(f"{service.url}/log?text=plex")
    expect(page.locator("#pause")).to_be_visible()
    before = page.locator("#entries li").count()
    watched(service, Viewing(town.episodes()[2], just_now()))
    expect(page.locator("#entries li")).not_to_have_count(before)
    page.locator("#pause").click()
    expect(page.locator("#pause")).to_have_attribute("aria-pressed", "true")


def test_a_mistake_in_the_settings_is_shown_at_its_field_and_loses_nothing(
    screen: Screen, page: Page, service: Service
) -> None:
    text = service.config_path.read_text()
    service.config_path.write_text("# kept by hand\n" + text)
    page.goto(f"{service.url}/settings/counts")
    field = page.get_by_label("Minimum length")
    field.fill("five apples")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(field).to_have_value("five apples")
    expect(page.locator(".field.wrong, .wrong").first).to_be_visible()
    screen.was_told("status of 422")
    assert service.config_path.read_text() == "# kept by hand\n" + text
    field.fill("7m")
    page.get_by_role("button", name="Save", exact=True).click()
    until(lambda: "7m" in service.config_path.read_text(), 20, "it is saved")
    assert service.config_path.read_text().startswith("# kept by hand\n")


def test_somebody_signs_in_to_trakt_with_a_code(chromium: Chromium, town: Town, tmp_path: Path) -> None:
    service = Service(tmp_path, town)
    try:
        with Screen(chromium) as screen:
            page = screen.open(f"{service.start().url}/sign-in/anna/trakt")
            page.get_by_role("button", name="Begin").click()
            code = page.locator(".user-code code").get_attribute("aria-label")
            assert code
            expect(page.get_by_role("img", name=re.compile("QR code"))).to_be_visible()
            approve = code.replace(" ", "")
            town.do(lambda: town.sandbox["trakt-auth"].sign_ins().settle_device(approve, username="anna", deny=False))
            expect(page.get_by_text("Signed in to Trakt as anna.").first).to_be_visible()
            expect(page.get_by_text("Plays that waited for this")).to_have_count(0)  # none did
        assert service.account("trakt")["signed_in"]
    finally:
        service.kill()


class Unconfigured(Service):
    """Started as on the first day."""

    def write_config(self) -> None: ...

    def _environment(self) -> dict[str, str]:
        return {**super()._environment(), "SCROBBLED_PORT": str(self.port)}


def test_from_nothing_to_the_first_play(chromium: Chromium, town: Town, tmp_path: Path) -> None:
    service = Unconfigured(tmp_path, town)
    first = service.config_path
    try:
        service.start()
        with Screen(chromium) as screen:
            page = screen.open(service.url)
            _password(page)
            page.get_by_label("Your name").fill("anna")
            page.get_by_role("button", name="Continue").click()
            _serializd(page, town)
            page.get_by_role("link", name="Continue").click()
            page.get_by_role("button", name=re.compile("Plex")).first.click()
            page.locator("details.ways > summary").click()
            address = page.locator("code", has_text="/webhooks/plex/").first.inner_text()
            token = re.search(r"webhooks/plex/([\w-]+)", address)
            assert token
            assert "plex" in first.read_text()
            kind, content = Viewing(town.episodes()[0], just_now()).webhook()
            service.hook = f"{service.url}/webhooks/plex/{token[1]}"
            assert service.post(kind, content).status_code == 200
            expect(page.get_by_role("main")).to_contain_text(label(town.episodes()[0]).partition(" S")[0])
            page.get_by_role("button", name=re.compile("anna")).first.click()
            title = label(town.episodes()[0])
            until(lambda: title in [name for name, _ in town.serializd()], 60, "the first play arrives")
    finally:
        service.kill()


def _password(page: Page) -> None:
    page.get_by_label("Password", exact=True).fill("a-long-password-4711")
    page.get_by_label("Repeat the password").fill("a-long-password-4711")
    page.get_by_role("button", name="Continue").click()


def _serializd(page: Page, town: Town) -> None:
    page.get_by_label("E-mail at Serializd").fill("anna@example.org")
    page.get_by_label("Password").first.fill("anna-secret")
    page.get_by_text("Use a different address").first.click()
    page.get_by_label("Address of the API, /api included").fill(f"{town.base}/serializd/api")
    page.get_by_role("button", name="Sign in to Serializd").click()
