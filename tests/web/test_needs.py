"""What needs somebody: one question for all that is alike, answered by one button, and nothing asked twice."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from patience import until
from scrobbled.desk.needs.cards import cards
from scrobbled.desk.needs.questions import NeedFacts, PlanNeed
from scrobbled.desk.sign_in.keys import Keys
from scrobbled.sandbox.plex.people import BEN
from scrobbled.store.queue import asking
from web.house import TOKEN, House, house
from web.test_pages import Seen

EVIL = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'


@pytest.fixture
async def home(tmp_path: Path, anyio_backend: str) -> AsyncIterator[House]:
    async with house(tmp_path) as found:
        yield found


async def watched(home: House, *places: tuple[int, int], show: int = 0) -> None:
    for season, number in places:
        await home.webhook(item=home.episode(season, number, show))


async def set_state(home: House, state: str, where: str = "1 = 1", **more: Any) -> None:
    columns = {"state": state, "next_at": 9e9, **more}
    await home.sql(f"UPDATE outbox SET {', '.join(f'{name} = ?' for name in columns)} WHERE {where}", *columns.values())
    home.runtime.changed()


async def asked(browser: httpx.AsyncClient, path: str = "", status: int = 200) -> Any:
    answer = await browser.get(f"/api/v1/needs{path}")
    assert answer.status_code == status, answer.text
    return answer.json()


async def seen(browser: httpx.AsyncClient, path: str = "/needs", status: int = 200) -> Seen:
    answer = await browser.get(path)
    assert answer.status_code == status, answer.text
    return Seen(answer.text)


async def pressed(browser: httpx.AsyncClient, id_: str, answer: str, status: int = 303) -> httpx.Response:
    form = {"id": id_, "answer": answer, "back": "needs"}
    found = await browser.post("/needs", data=form, headers={"origin": "http://localhost:8484"})
    assert found.status_code == status, found.text
    return found


async def states(home: House) -> list[str]:
    return [row[0] for row in await home.sql("SELECT state FROM outbox ORDER BY id")]


# -- questions -----------------------------------------------------------------------------------------------------


async def test_nothing_to_do_says_so(home: House) -> None:
    async with home.client() as browser:
        assert "Nothing needs you. Go watch something." in (await seen(browser)).text
        assert await asked(browser) == {"needs": [], "number": 0, "kinds": {}, "next": None}


async def test_episodes_of_one_show_are_one_question_and_one_on_the_badge(home: House) -> None:
    await watched(home, (1, 1), (1, 2), (1, 3))
    await watched(home, (1, 1), show=1)
    await set_state(home, "unmatched", "id <= 3", reason="two shows are called that")
    await set_state(home, "unmatched", "id = 4", reason="two shows are called that")
    async with home.client() as browser:
        found = await asked(browser)
        assert [(card["question"], card["many"]) for card in found["needs"]] == [
            ("Which show is Harbour Lights?", 3),
            ("Which show is Paper Orchard?", 1),
        ]
        page = await seen(browser)
        assert "Show all" in page.text
        assert re.search(r"Needs you\s*2", " ".join(page.text.split()))


async def test_a_refusal_is_one_question_with_its_reason(home: House) -> None:
    await watched(home, (1, 1), (1, 2), (1, 3))
    await set_state(home, "dead", "id <= 2", reason="refused (422)")
    await set_state(home, "dead", "id = 3", reason="refused (400)")
    async with home.client() as browser:
        assert [card["many"] for card in (await asked(browser))["needs"]] == [2, 1]


async def test_news_that_change_nothing_of_what_is_asked_let_nobody_look_through_it_again(
    home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []

    def look(db: Any) -> Any:
        looked.append("again")
        return really(db)

    really = asking.asking
    monkeypatch.setattr(asking, "asking", look)
    await watched(home, (1, 1), (1, 2))
    await set_state(home, "dead", "id = 1", reason="refused (422)")
    async with home.client() as browser:
        await asyncio.gather(*(asked(browser) for _ in range(5)))
        assert looked == ["again"]
        await watched(home, (1, 3))
        home.runtime.changed()
        assert [card["many"] for card in (await asked(browser))["needs"]] == [1]
        assert looked == ["again"]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE outbox SET state = 'held', hold = 'wish' WHERE id = 1",
        "UPDATE outbox SET state = CASE id WHEN 1 THEN 'queued' ELSE 'dead' END",
        "UPDATE outbox SET attempts = attempts + 1, reason = 'refused (400)' WHERE id = 1",
        "DELETE FROM outbox WHERE id = 1",
    ],
)
async def test_what_comes_goes_or_is_refused_anew_is_asked_at_once(home: House, change: str) -> None:
    await watched(home, (1, 1), (1, 2))
    await set_state(home, "dead", "id = 1", reason="refused (422)")
    async with home.client() as browser:
        before = (await asked(browser))["needs"]
        await home.sql(change)
        home.runtime.changed()
        assert (await asked(browser))["needs"] != before


async def test_what_waits_by_itself_asks_nothing(home: House) -> None:
    await watched(home, (1, 1), (1, 2))
    await set_state(home, "parked", reason="not there yet")
    async with home.client() as browser:
        found = await asked(browser)
        assert (found["number"], found["needs"], found["kinds"]) == (0, [], {"waiting": 1})
        text = (await seen(browser)).text
        assert "Nothing needs you" in text
        assert "1 title waits" in text
        (card,) = (await asked(browser, "?kind=waiting"))["needs"]
        assert card["question"] == "Serializd does not know Harbour Lights yet"
        await pressed(browser, card["id"], "retry:")
    assert await states(home) == ["queued", "queued"]


async def test_markup_in_a_title_is_text_on_every_page(home: House) -> None:
    await home.webhook(title=EVIL, grandparentTitle=EVIL)
    await home.webhook(title=EVIL, grandparentTitle=EVIL, item=home.episode(1, 2))
    await home.webhook(account=BEN)
    await set_state(home, "unmatched", "1=1", reason=EVIL, candidates=json.dumps([{"title": EVIL, "why": EVIL}]))
    await home.sql("UPDATE events SET account = ? WHERE outcome = 'unclaimed'", EVIL)
    home.runtime.changed()
    async with home.client() as browser:
        card = (await asked(browser))["needs"][0]
        for path in ("/needs", "/needs?fragment=1", f"/needs/{card['id']}", "/correct/c1", "/correct/p1?q=%3Cb%3E"):
            page = await seen(browser, path)
            assert EVIL in page.text, path
            assert all(set(script) == {"src", "defer"} for script in page.all("script"))
            assert not {name for _, attrs in page.tags for name in attrs if name.startswith("on") or name == "style"}


async def test_an_answer_leads_back_to_where_it_was_given_also_from_a_page_that_freshened_itself(home: House) -> None:
    await watched(home, (1, 1))
    await set_state(home, "dead", reason="refused")
    async with home.client() as browser:
        page = await seen(browser, "/needs?kind=refused&did=retry&count=2&fragment=1")
        backs = {field["value"] for field in page.all("input") if field.get("name") == "back"}
        assert backs == {"needs?kind=refused"}


# -- answers -------------------------------------------------------------------------------------------------------


async def test_one_answer_holds_for_all_that_is_alike_and_for_nothing_else(home: House) -> None:
    await watched(home, (1, 1), (1, 2), (2, 1))
    await watched(home, (1, 1), show=1)
    await set_state(home, "dead", "id <= 3", reason="refused (422)")
    await set_state(home, "dead", "id = 4", reason="refused (422)")
    async with home.client() as browser:
        card = (await asked(browser))["needs"][0]
        answer = await pressed(browser, card["id"], "retry:")
        assert answer.headers["location"] == "./needs?did=retry&count=3"
        assert await states(home) == ["queued", "queued", "queued", "dead"]


async def test_an_answer_that_comes_twice_does_nothing_the_second_time(home: House) -> None:
    await watched(home, (1, 1), (1, 2))
    await set_state(home, "unmatched")
    async with home.client() as browser:
        card = (await asked(browser))["needs"][0]
        await pressed(browser, card["id"], "drop:")
        again = await pressed(browser, card["id"], "drop:")
        assert again.headers["location"] == "./needs?did=drop&count=0"
        assert "Nothing was left to do there" in (await seen(browser, "/needs?did=drop&count=0")).text
        assert await states(home) == ["undone", "undone"]
        assert "This is settled" in (await seen(browser, f"/needs/{card['id']}", 404)).text


async def test_one_of_many_can_be_answered_alone(home: House) -> None:
    await watched(home, (1, 1), (1, 2), (1, 3))
    await set_state(home, "dead", reason="refused")
    async with home.client() as browser:
        card = (await asked(browser))["needs"][0]
        page = await seen(browser, f"/needs/{card['id']}")
        ids = [field["value"] for field in page.all("input") if field.get("name") == "id"]
        assert ids == [one for one in (card["id"], "c1", "c2", "c3") for _ in ("again", "leave out")]
        await pressed(browser, "c2", "drop")
        assert await states(home) == ["dead", "undone", "dead"]


async def test_what_has_no_date_is_asked_once_and_can_only_be_left_out(home: House) -> None:
    await watched(home, (1, 1))
    await set_state(home, "held", hold="no-date", watched_at=None, reason="no date: nobody said when this was watched")
    async with home.client() as browser:
        (card,) = (await asked(browser))["needs"]
        assert card["question"] == "When was this watched?"
        assert [answer["action"] for answer in card["answers"]] == ["drop"]


async def test_ids_of_other_kinds_and_strange_answers_are_refused_with_advice(home: House) -> None:
    await watched(home, (1, 1))
    await set_state(home, "dead", reason="refused")
    async with home.client() as browser:
        card = (await asked(browser))["needs"][0]
        for id_, answer in (("p1", "drop"), ("../x", "drop"), ("", "drop"), (card["id"], "claim:anna"), ("c1", "no")):
            assert "That did not work" in (await pressed(browser, id_, answer, 400)).text
        for id_ in ("p1", "g123", "x" * 200, "m1"):
            answer = await browser.post(f"/api/v1/needs/{id_}", json={"action": "drop"})
            assert answer.status_code == 400
            assert "is not the ID of a question" in answer.json()["error"]
        assert (await browser.get("/needs/..%2f..%2fetc")).status_code == 404
        assert await states(home) == ["dead"]


async def test_another_site_cannot_answer(home: House) -> None:
    await watched(home, (1, 1))
    await set_state(home, "dead", reason="refused")
    async with home.client() as browser:
        card = (await asked(browser))["needs"][0]
        form = {"id": card["id"], "answer": "drop:"}
        for path in ("/needs", "/correct", "/corrections"):
            answer = await browser.post(path, data=form, headers={"origin": "http://evil.example"})
            assert answer.status_code == 403
        assert await states(home) == ["dead"]


# -- accounts ------------------------------------------------------------------------------------------------------


async def broken(home: House, state: str, reason: str) -> None:
    await home.sql(
        "INSERT OR REPLACE INTO accounts (viewer, tracker, state, reason, since) VALUES ('anna','serializd',?,?,1)",
        state,
        reason,
    )
    home.runtime.changed()


async def test_a_sign_in_leads_to_its_page_and_names_no_command(home: House) -> None:
    await broken(home, "sign-in", "the password was refused. Run: scrobbled auth serializd --viewer anna")
    async with home.client() as browser:
        (card,) = (await asked(browser))["needs"]
        assert card["question"] == "Serializd needs anna to sign in"
        assert "scrobbled auth" not in card["text"]
        assert card["answers"][0]["to"] == "sign-in/anna/serializd"
        courier = home.runtime.couriers["anna", "serializd"]
        courier.wake.clear()
        answer = await pressed(browser, card["id"], "retry:")
        assert answer.headers["location"] == "./needs?did=retry&count=0"
        assert courier.wake.is_set()


async def test_a_sign_in_that_lapses_is_asked_for_only_where_it_does_not_renew_itself(home: House) -> None:
    soon = home.clock.now().timestamp() + 86_400
    await home.sql(
        "INSERT OR REPLACE INTO accounts (viewer, tracker, state, reason, since, expires_at) "
        "VALUES ('anna','serializd','ok','',1,?)",
        soon,
    )
    async with home.client() as browser:
        assert (await asked(browser))["number"] == 0, "a password signs in again"
        home.runtime.config.viewers[0].trackers["serializd"].pop("password")  # type: ignore[attr-defined]
        home.runtime.changed()
        (card,) = (await asked(browser))["needs"]
        assert card["question"] == "anna's sign-in at Serializd ends soon"


async def test_an_account_is_claimed_by_one_button_and_a_stranger_is_not_asked_about_again(home: House) -> None:
    await home.webhook(account=BEN)
    async with home.client() as browser:
        (card,) = (await asked(browser))["needs"]
        assert card["question"] == "Who is ben on Plex?"
        assert [answer["label"] for answer in card["answers"]] == ["This is anna", "None of us"]
        await pressed(browser, card["id"], "guest:")
        page = await seen(browser)
        assert "Nothing needs you" in page.text
        assert "1 account that it belongs to none of you" in page.text
        await pressed(browser, "", "ask-again")
        (card,) = (await asked(browser))["needs"]
        answer = await pressed(browser, card["id"], "claim:anna")
        assert answer.headers["location"] == "./needs?did=claim"
        assert (await asked(browser))["number"] == 0


async def test_who_nobody_knows_cannot_be_claimed_for(home: House) -> None:
    await home.webhook(account=BEN)
    async with home.client() as browser:
        (card,) = (await asked(browser))["needs"]
        assert "anna" in (await pressed(browser, card["id"], "claim:carl", 400)).text


async def test_a_token_that_may_not_configure_cannot_claim(home: House) -> None:
    await home.webhook(account=BEN)
    keys = Keys(home.runtime)
    write, admin = [(await keys.create("t", None, scope)).secret for scope in ("write", "admin")]
    async with home.client() as browser:
        (card,) = (await asked(browser))["needs"]
    reply = {"action": "claim", "value": "anna"}
    async with home.client("192.168.1.20", base="http://192.168.1.5:8484") as program:
        for token, status in ((write, 403), (admin, 200)):
            headers = {"authorization": f"Bearer {token}"}
            answer = await program.post(f"/api/v1/needs/{card['id']}", json=reply, headers=headers)
            assert answer.status_code == status, answer.text


async def test_a_wrong_secret_is_told_until_the_right_one_comes(home: House) -> None:
    await home.webhook()
    now = home.clock.now().timestamp()
    await home.sql("INSERT INTO refusals (source, count, last_at) VALUES ('plex', 2, ?)", now + 60)
    home.runtime.changed()
    async with home.client() as browser:
        (card,) = (await asked(browser, "?kind=house"))["needs"]
        assert card["answers"][0]["to"] == "set-up/plex"
        home.clock.advance(120)
        await home.webhook(item=home.episode(1, 2))
        assert (await asked(browser, "?kind=house"))["needs"] == []


async def test_a_media_server_that_refuses_its_token_is_told(tmp_path: Path) -> None:
    plex = {"token": TOKEN, "url": "http://sandbox/plex", "server_token": "wrong"}
    async with house(tmp_path, sources={"plex": plex}) as home, home.client() as browser, home.runtime.running():

        async def needs() -> Any:
            return (await asked(browser, "?kind=house"))["needs"]

        (card,) = await until(needs, "the refusal is noticed")
        assert card["question"] == "Plex does not take our token"
        assert card["answers"][0]["to"] == "settings"


# -- conflicts -----------------------------------------------------------------------------------------------------


async def conflict(home: House, key: str, serializd: str, trakt: str) -> None:
    item = {"show_title": "Harbour Lights", "season": 1, "number": 1}
    subject = json.dumps([key, "episode", json.dumps(item), None])
    for tracker, before, after in (("serializd", serializd, trakt), ("trakt", trakt, serializd)):
        await home.sql(
            "INSERT INTO amendments (viewer, tracker, kind, action, key, label, subject, wish, before, after, why, "
            "state, hold, reason, created_at, target) VALUES ('anna',?,'ratings','rate',?,?,?,?,?,?,'','held','ask',"
            "'both changed',1,?)",
            tracker,
            key,
            f"Harbour Lights {key}",
            subject,
            json.dumps({"value": int(after)}),
            before,
            after,
            f"rating {key}",
        )
    home.runtime.changed()


async def test_a_conflict_is_settled_by_naming_who_is_right(home: House) -> None:
    await conflict(home, "k1", "6", "8")
    async with home.client() as browser:
        (card,) = (await asked(browser))["needs"]
        assert card["question"] == "Which rating of Harbour Lights k1 holds?"
        assert card["text"] == "Serializd says 6, Trakt says 8."
        labels = {answer["value"]: answer["label"] for answer in card["answers"]}
        assert labels["trakt"] == "8, as on Trakt"
        answer = await pressed(browser, card["id"], "approve:trakt")
        assert answer.headers["location"] == "./needs?did=decided"
        rows = await home.sql("SELECT tracker, state FROM amendments ORDER BY tracker")
        assert rows == [("serializd", "queued"), ("trakt", "undone")], "Serializd is given what Trakt says"


async def test_many_conflicts_are_settled_alike_or_one_by_one(home: House) -> None:
    for key in ("k1", "k2", "k3"):
        await conflict(home, key, "6", "8")
    async with home.client() as browser:
        (card,) = (await asked(browser))["needs"]
        assert card["question"] == "Which ratings hold, for 3 titles?"
        found = await asked(browser, f"/{card['id']}?limit=2")
        assert (len(found["conflicts"]), found["more"]) == (2, True)
        one = found["conflicts"][0]["choices"][0]
        await pressed(browser, f"a{one['id']}", "approve")
        assert "approve with serializd or trakt" in (await pressed(browser, card["id"], "approve:plex", 400)).text
        (card,) = (await asked(browser))["needs"]
        assert card["many"] == 2
        await pressed(browser, card["id"], "approve:serializd")
        rows = await home.sql("SELECT tracker, state FROM amendments WHERE key <> 'k1' ORDER BY key, tracker")
        assert rows == [("serializd", "undone"), ("trakt", "queued")] * 2


# -- many ----------------------------------------------------------------------------------------------------------


async def test_ten_thousand_that_wait_make_a_quick_page(home: House) -> None:
    await watched(home, (1, 1))
    await home.sql(
        "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 10001) "
        "INSERT INTO plays (id, viewer, source, media, label, item, created_at) SELECT i, 'anna', 'plex', 'episode', "
        "'Show ' || (i % 700) || ' S1 E' || i, "
        "json_object('show_title', 'Show ' || (i % 700), 'season', 1, 'number', i), 1 FROM n"
    )
    await home.sql(
        "INSERT INTO outbox (play_id, viewer, tracker, kind, state, received_at, watched_at, reason) "
        "SELECT id, 'anna', 'serializd', 'plays', CASE id % 2 WHEN 0 THEN 'parked' ELSE 'unmatched' END, 1, id, "
        "'not there' FROM plays WHERE id > 1"
    )
    async with home.client() as browser:
        await seen(browser)
        home.runtime.changed()
        began = time.process_time()
        page = await browser.get("/needs")
        took = time.process_time() - began
        assert len(page.content) < 100_000
        assert took < 1.0
        found = await asked(browser, "?kind=match&limit=200")
        assert (len(found["needs"]), found["next"]) == (200, 200)
        assert found["kinds"] == {"match": 350, "waiting": 350}
        assert 'rel="next"' in page.text
        began = time.process_time()
        await browser.get("/needs?kind=waiting")
        assert time.process_time() - began < 0.5


async def test_a_plan_calls_trackers_by_their_names() -> None:
    plan = PlanNeed("r2", "anna", ("trakt", "serializd"), "103 plays would be added to serializd, dates kept")
    (card,) = cards(NeedFacts([], [], [], [], [], [], [plan], []), ["anna"])
    assert card.text.startswith("103 plays would be added to Serializd, dates kept.")
