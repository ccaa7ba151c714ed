"""Pages that lie open: they go on by themselves, keep one's place, say what changed, and come back after a break."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from browser.screen import Screen
from e2e.harness import Service, Town, Viewing, just_now

expect.set_options(timeout=60_000)


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    with Town() as made:
        yield made


@pytest.fixture(scope="module")
def service(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    made = Service(tmp_path_factory.mktemp("house"), town)
    try:
        yield made.start()
    finally:
        made.kill()


def watched(service: Service, town: Town, number: int) -> str:
    """The title of what was watched; it is booked when this returns."""
    item = town.episodes()[number]
    kind, content = Viewing(item, just_now()).webhook()
    assert service.post(kind, content).status_code == 200
    return item.episode.title if item.episode else ""


def ends_when_asked(page: Page, town: Town) -> None:
    """The outage is over with the next form that is sent: a moment earlier nobody would have to press anything."""

    def over(route: Route) -> None:
        if route.request.method == "POST":
            town.do(town.sandbox["serializd"].faults.end_outage)
        route.continue_()

    page.route("**/*", over)


def arrived(page: Page) -> list[str]:
    return page.locator("#arrived h3 a").all_inner_texts()


def test_the_first_page_goes_on_keeps_the_focus_and_says_what_changed(
    screen: Screen, service: Service, town: Town
) -> None:
    page = screen.open(service.url)
    first = watched(service, town, 0)
    expect(page.locator("#arrived")).to_contain_text(first)
    expect(page.locator("#arrived .tone-ok").first).to_be_visible()
    held = page.locator("#arrived h3 a").first
    held.focus()
    place = held.get_attribute("href")
    second = watched(service, town, 1)
    expect(page.locator("#arrived")).to_contain_text(second)
    assert page.evaluate("document.activeElement.getAttribute('href')") == place
    page.evaluate("document.querySelector('#headline').dataset.say = 'something else'")
    watched(service, town, 2)
    expect(page.locator("main > p[role=status].sr")).not_to_be_empty()


def test_a_stream_that_broke_off_is_begun_again(screen: Screen, service: Service, town: Town) -> None:
    times = []

    def once_not(route: Route) -> None:
        times.append(1)
        if len(times) == 1:
            route.abort()
        else:
            route.continue_()

    screen.page.route("**/api/v1/live", once_not)
    page = screen.open(service.url)
    title = watched(service, town, 3)
    expect(page.locator("#arrived")).to_contain_text(title)
    assert len(times) > 1
    screen.was_told("ERR_FAILED")


def test_the_wall_takes_in_what_is_new(screen: Screen, service: Service, town: Town) -> None:
    page = screen.open(f"{service.url}/history")
    before = page.locator(".seen").count()
    watched(service, town, 4)
    expect(page.locator(".seen")).to_have_count(before + 1)


def test_a_story_on_a_page_of_its_own_is_told_on(screen: Screen, service: Service, town: Town) -> None:
    town.outage("serializd")
    title = watched(service, town, 6)
    page = screen.open(f"{service.url}/history")
    page.goto(page.locator(".seen", has_text=title).first.locator("a").evaluate("link => link.href"))
    expect(page.locator(".badges")).to_contain_text("queued")
    ends_when_asked(page, town)
    page.get_by_role("button", name="Try now").first.click()
    expect(page.locator(".badges")).to_contain_text("Serializd delivered")
    expect(page.locator("h1")).to_have_count(1)


def test_an_open_story_is_told_on(screen: Screen, service: Service, town: Town) -> None:
    town.outage("serializd")
    title = watched(service, town, 5)
    page = screen.open(f"{service.url}/history")
    page.locator(".seen", has_text=title).first.locator("a").click()
    story = page.get_by_role("dialog")
    expect(story.locator(".badges")).to_contain_text("queued")
    ends_when_asked(page, town)
    story.get_by_role("button", name="Try now").first.click()
    expect(story.locator(".badges")).to_contain_text("Serializd delivered")
    expect(story.locator("h2").first).to_be_focused()
