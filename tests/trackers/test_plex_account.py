"""A Plex library as an account: its sign-in, whose it is, where its servers are, and how it is examined."""

from datetime import timedelta
from typing import Any

import pytest

from conftest import FakeClock
from scrobbled.core.errors import AccountStopped, ConfigError, ContractDrift, LoginNeeded, TryLater
from scrobbled.core.words.checks import Check, CheckVerdict, worst
from scrobbled.sandbox.plex.app import OWNER_TOKEN
from scrobbled.sandbox.plex.people import MIA, NEIGHBOUR
from scrobbled.trackers.plex.servers import PlexServers
from scrobbled.trackers.plex.signin import sign_out
from scrobbled.trackers.plex.tracker import PlexTracker
from trackers.contract import AccountBench, AccountContract
from trackers.doubles import KeptTokens
from trackers.plex_bench import AT_HOME, ROOT, SIGNED_IN, PlexBench

BEN = "sandbox-plex-token-ben"


@pytest.fixture
def plex(clock: FakeClock) -> PlexBench:
    return PlexBench(clock)


class TestByToken(AccountContract):
    @pytest.fixture
    def bench(self, plex: PlexBench) -> AccountBench:
        stranger = {name: value for name, value in AT_HOME.items() if name != "token"}
        return AccountBench(plex.tracker(), plex.tracker(stranger), plex.plex.faults.start_outage)


class TestSignedIn(AccountContract):
    @pytest.fixture
    async def bench(self, plex: PlexBench) -> AccountBench:
        await plex.signs_in()
        signed_in, plex.tokens = plex.tracker(SIGNED_IN), KeptTokens()
        return AccountBench(signed_in, plex.tracker(SIGNED_IN), plex.plex.faults.start_outage)


def servers_of(tracker: Any) -> PlexServers:
    assert isinstance(tracker, PlexTracker)
    return tracker._servers


async def found(plex: PlexBench, settings: dict[str, Any] = AT_HOME, **whose: Any) -> Any:
    return await servers_of(plex.tracker(settings, **whose)).found()


# Whose it is


async def test_the_owner_is_known_by_plex_tv_and_by_the_server(plex: PlexBench) -> None:
    (server,) = (await found(plex)).there
    assert (server.person.called, server.owned) == ("anna", True)
    plex.plextv.faults.start_outage()
    plex.cache.kept.clear()
    (server,) = (await found(plex)).there
    assert (server.person.called, server.owned) == ("anna", True), "the server names its owner"


async def test_whose_a_token_is_is_asked_once_a_day(plex: PlexBench) -> None:
    for _ in range(3):
        await found(plex)
    assert plex.asked("plextv") == ["GET /api/v2/user"]


async def test_the_state_of_the_owner_is_never_taken_for_that_of_another(plex: PlexBench) -> None:
    with pytest.raises(LoginNeeded, match=r"account of anna, which ben does not list.*accounts\.plex of ben"):
        await found(plex, viewer="ben", accounts=("ben",))
    with pytest.raises(LoginNeeded, match="which ben does not list"):
        await found(plex, viewer="ben", accounts=())
    with pytest.raises(LoginNeeded, match="must not be taken for that of ben"):
        await found(plex, {**AT_HOME, "home_user": "ben"}, viewer="ben", accounts=("ben", "anna"))
    assert (await found(plex, viewer="ben", accounts=("Ben", " ANNA "))).there, "who watch together list both"


async def test_the_token_of_a_guest_shows_what_is_theirs_although_plex_tv_does_not_name_them(plex: PlexBench) -> None:
    (server,) = (await found(plex, {**AT_HOME, "token": BEN}, viewer="ben", accounts=("ben",))).there
    assert (server.person.is_known, server.owned) == (False, False)


async def test_a_viewer_without_a_list_is_known_by_their_name(plex: PlexBench) -> None:
    assert (await found(plex, accounts=())).there


# By the sign-in


async def test_signing_in_keeps_who_it_is_and_by_which_token_they_open_the_server(plex: PlexBench) -> None:
    assert await plex.signs_in("ben", viewer="ben", accounts=("ben",)) == "ben"
    kept = plex.tokens.values or {}
    assert (kept["kind"], kept["token"], kept["username"]) == ("legacy", "sandbox-plextv-ben", "ben")
    (server,) = (await found(plex, SIGNED_IN, viewer="ben", accounts=("ben",))).there
    assert (server.person.called, server.owned, server.url) == ("ben", False, f"{ROOT}/plex")
    assert server.client.headers["X-Plex-Token"] == BEN


async def test_a_sign_in_of_somebody_else_is_refused_and_not_kept(plex: PlexBench) -> None:
    with pytest.raises(LoginNeeded, match="account of ben, which anna does not list"):
        await plex.signs_in("ben")
    assert plex.tokens.values is None


async def test_a_sign_in_that_was_kept_is_refused_once_its_owner_is_not_listed_any_more(plex: PlexBench) -> None:
    await plex.signs_in()
    with pytest.raises(LoginNeeded, match=r"which anna does not list.*Run: scrobbled auth plex --viewer anna"):
        await found(plex, SIGNED_IN, accounts=("annette",))


async def test_no_token_is_sent_to_a_server_that_is_not_the_one_it_is_for(plex: PlexBench) -> None:
    await plex.signs_in()
    assert plex.tokens.values is not None
    plex.tokens.values["servers"][0]["id"] = "another-machine"
    before = len(plex.asked())
    plex.plextv.faults.start_outage()
    with pytest.raises(TryLater, match="answers at none of its addresses"):
        await found(plex, SIGNED_IN)
    assert set(plex.asked()[before:]) == {"GET /identity"}
    assert not any("x-plex-token" in call.headers for call in plex.plex.calls()[before:])


async def test_a_plex_of_somebody_else_is_a_stranger(plex: PlexBench) -> None:
    await plex.signs_in()
    assert plex.tokens.values is not None
    plex.tokens.values["servers"][0]["id"] = "another-machine"
    plex.fail("GET /api/v2/resources", at="plextv", kind="status", status=200, body=[])
    with pytest.raises(LoginNeeded, match="none of those that anna may use, so nothing is read there"):
        await found(plex, {**SIGNED_IN, "url": f"{ROOT}/plex"})


async def test_servers_that_moved_are_asked_for_at_plex_tv(plex: PlexBench) -> None:
    await plex.signs_in()
    assert plex.tokens.values is not None
    plex.tokens.values["servers"][0]["addresses"] = [f"{ROOT}/nowhere"]
    (server,) = (await found(plex, SIGNED_IN)).there
    assert server.url == f"{ROOT}/plex"
    assert plex.tokens.values["servers"][0]["addresses"] == [f"{ROOT}/plex"]


async def test_a_server_that_is_off_is_no_bad_sign_in(plex: PlexBench) -> None:
    await plex.signs_in()
    plex.plex.faults.start_outage()
    plex.plextv.faults.start_outage()
    with pytest.raises(TryLater, match="answers at none of its addresses"):
        await found(plex, SIGNED_IN)


async def test_a_home_without_sign_in_says_what_to_do(plex: PlexBench) -> None:
    with pytest.raises(LoginNeeded, match="Run: scrobbled auth plex --viewer anna --home-user 'Little Kid'"):
        await found(plex, {**SIGNED_IN, "home_user": "Little Kid"})


# For somebody of the home


async def test_the_owner_signs_a_child_in_who_then_opens_the_server_for_themself(plex: PlexBench) -> None:
    kid = {"viewer": "mia", "accounts": ("mia",)}
    plex.plex.admit(MIA)
    assert await plex.signs_in("anna", **kid, home_user="mia") == "mia"
    (server,) = (await found(plex, {**SIGNED_IN, "home_user": "mia"}, **kid)).there
    assert (server.person.called, server.owned) == ("mia", False)
    assert plex.plex.tokens[server.client.headers["X-Plex-Token"]].title == "mia"
    assert (plex.tokens.values or {})["token"] == "sandbox-plextv-anna", "the account that plex.tv is asked by"


async def test_a_pin_is_asked_for_only_where_there_is_one_and_a_wrong_one_is_told(plex: PlexBench) -> None:
    plex.plextv.pins_at_home.admin_needs_it = True
    who: dict[str, Any] = {"viewer": "ben", "accounts": ("ben",), "home_user": "Ben"}
    for pin, said in (("1111", "did not take the PIN"), ("", "asks for that person's PIN")):
        with pytest.raises(LoginNeeded, match=said):
            await plex.signs_in("anna", **who, pin=pin)
    assert plex.tokens.values is None
    assert await plex.signs_in("anna", **who, pin="2580") == "ben"
    assert (await found(plex, {**SIGNED_IN, "home_user": "ben"}, viewer="ben", accounts=("ben",))).there


async def test_a_guest_of_the_server_is_signed_in_by_its_owner_too(plex: PlexBench) -> None:
    guest: dict[str, Any] = {"viewer": "nora", "accounts": ("neighbour",)}
    plex.plex.admit(NEIGHBOUR)
    assert await plex.signs_in("anna", **guest, home_user="neighbour") == "neighbour"
    (server,) = (await found(plex, {**SIGNED_IN, "home_user": "neighbour"}, **guest)).there
    assert server.client.headers["X-Plex-Token"] == plex.plex.face.token_of(NEIGHBOUR)


async def test_somebody_who_is_not_there_is_told_with_who_may_be_meant(plex: PlexBench) -> None:
    with pytest.raises(
        ConfigError, match='anna has nobody called Bne at home, and shares no server with them; did you mean "ben"'
    ):
        await plex.signs_in("anna", viewer="ben", accounts=("ben",), home_user="Bne")


async def test_who_is_of_no_home_can_become_nobody_else(plex: PlexBench) -> None:
    plex.plex.admit(NEIGHBOUR)
    with pytest.raises(ConfigError, match="neighbour has nobody called mia at home, and shares no server with them"):
        await plex.signs_in("neighbour", viewer="mia", home_user="mia", accounts=("mia",))


async def test_the_owners_own_sign_in_is_not_taken_for_the_person_who_is_configured_since(plex: PlexBench) -> None:
    await plex.signs_in()
    with pytest.raises(LoginNeeded, match=r"must not be taken for that of mia\. Run: .* --home-user mia"):
        await found(plex, {**SIGNED_IN, "home_user": "mia"}, accounts=("anna", "mia"))


# Signing out


async def test_signing_out_ends_the_token_at_plex_tv(plex: PlexBench) -> None:
    await plex.signs_in()
    request = plex.request()
    await sign_out(request)
    await sign_out(request)  # one that is over already counts as ended
    await request.http.aclose()
    assert "sandbox-plextv-anna" not in plex.plextv.tokens


# What answers


async def test_of_several_servers_one_may_be_off(plex: PlexBench) -> None:
    entries = [{"url": f"{ROOT}/plex", "token": OWNER_TOKEN}, {"url": f"{ROOT}/plextv", "token": "x" * 20}]
    plex.plextv.faults.start_outage()
    servers = await found(plex, {**SIGNED_IN, "servers": entries})
    assert [one.url for one in servers.there] == [f"{ROOT}/plex"]
    assert [one.name for one in servers.off] == [f"{ROOT}/plextv"]


async def test_what_is_no_plex_is_told_as_that(plex: PlexBench) -> None:
    with pytest.raises(ContractDrift, match="this is no Plex"):
        await found(plex, {**AT_HOME, "url": f"{ROOT}/gone"})


async def test_one_server_under_two_addresses_is_refused(plex: PlexBench) -> None:
    entry = {"url": f"{ROOT}/plex", "token": OWNER_TOKEN}
    with pytest.raises(AccountStopped, match="are the same server"):
        await found(plex, {"servers": [entry, {**entry, "url": f"{ROOT}/plex/"}], **SIGNED_IN})


async def test_a_token_that_is_refused_is_told_with_its_place(plex: PlexBench) -> None:
    for status in (401, 498):
        plex.fail("GET /library/sections/all", kind="status", status=status)
        with pytest.raises(LoginNeeded, match=r"refuses the token in trackers\.plex\.token of anna"):
            await plex.tracker().sign_in()
    with pytest.raises(LoginNeeded, match=r"trackers\.plex\.servers\[0\]\.token of anna"):
        await plex.tracker({"servers": [{"url": f"{ROOT}/plex", "token": "x" * 20}], **SIGNED_IN}).sign_in()


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"kind": "html"}, "a web page; a proxy"),
        ({"kind": "status", "status": 200, "body": "<?xml version='1.0'?><MediaContainer/>"}, "XML instead of JSON"),
        ({"kind": "status", "status": 200, "body": {"MediaContainer": {"Directory": {}}}}, "without a list Directory"),
        ({"kind": "status", "status": 200, "body": {"MediaContainer": {"Directory": [{"type": "movie"}]}}}, "title"),
        ({"kind": "malformed"}, "not JSON"),
    ],
)
async def test_answers_of_another_shape_name_what_is_wrong(plex: PlexBench, fault: dict[str, Any], said: str) -> None:
    plex.fail("GET /library/sections/all", **fault)
    with pytest.raises(ContractDrift, match=said):
        await plex.tracker().sign_in()


# Examined


async def named(plex: PlexBench, name: str, settings: dict[str, Any] = AT_HOME, **whose: Any) -> Check:
    return next(one for one in await plex.tracker(settings, **whose).examine() if one.name == name)


async def test_a_library_that_is_not_there_is_told_with_what_may_be_meant(plex: PlexBench) -> None:
    check = await named(plex, "libraries", {**AT_HOME, "libraries": ["Film"]})
    assert check.state is CheckVerdict.PROBLEM
    assert 'did you mean "Films"' in check.next_step
    assert "Film" not in check.text


async def test_so_is_one_beside_others_that_are_there(plex: PlexBench) -> None:
    check = await named(plex, "chosen libraries", {**AT_HOME, "libraries": ["TV", "Fims"]})
    assert (check.state, check.text) == (
        CheckVerdict.WARNING,
        "On no server: 1 of the 2 libraries that are chosen.",
    )
    assert check.next_step.startswith('Fims is not there, did you mean "Films"? Correct')
    plex.fail("GET /library/sections/all", kind="status", status=503)
    checks = await plex.tracker({**AT_HOME, "libraries": ["TV", "Fims"]}).examine()
    assert "chosen libraries" not in [one.name for one in checks], "a server that tells none lacks none"


async def test_a_token_that_may_not_read_the_history_is_told_once(plex: PlexBench) -> None:
    plex.fail("GET /status/sessions/history/all", kind="status", status=403)
    check = await named(plex, "history")
    assert (check.state, "the last time counts" in check.text) == (CheckVerdict.WARNING, True)
    plex.fail("GET /status/sessions/history/all", kind="html")
    assert (await named(plex, "history")).state is CheckVerdict.PROBLEM


async def test_a_server_with_a_wrong_clock_is_told(plex: PlexBench) -> None:
    plex.plex.now = lambda: plex.clock.now() + timedelta(hours=1)
    check = await named(plex, "clock")
    assert "60 minutes ahead of ours" in check.text
    plex.plex.now = lambda: plex.clock.now() - timedelta(days=366)
    assert "366 days behind ours" in (await named(plex, "clock")).text


async def test_marks_that_plex_carries_itself_are_told_of(plex: PlexBench) -> None:
    path = "GET /api/v2/user/view_state_sync"
    plex.fail(path, at="plextv", kind="status", status=200, body={"consent": True})
    assert (await named(plex, "marks carried by Plex")).state is CheckVerdict.WARNING
    plex.fail(path, at="plextv", kind="status", status=200, body={"consent": False})
    assert (await named(plex, "marks carried by Plex")).state is CheckVerdict.OK


async def test_of_two_servers_each_is_examined_and_one_may_be_off(plex: PlexBench) -> None:
    entries = [{"url": f"{ROOT}/plex", "token": OWNER_TOKEN}, {"url": f"{ROOT}/plextv", "token": "x" * 20}]
    plex.plextv.faults.start_outage()
    checks = await plex.tracker({**SIGNED_IN, "servers": entries}).examine()
    assert [check.name for check in checks if check.state is not CheckVerdict.OK] == ["server off 1"]


async def test_a_look_keeps_nothing(plex: PlexBench) -> None:
    await plex.signs_in()
    assert plex.tokens.values is not None
    plex.tokens.values["servers"][0]["addresses"] = [f"{ROOT}/nowhere"]
    before = plex.tokens.saves
    assert worst(await plex.tracker(SIGNED_IN).examine()) is CheckVerdict.OK
    assert plex.tokens.saves == before
