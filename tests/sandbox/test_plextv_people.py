"""plex.tv's stand-in: servers, the home, who shares a server, and signing out."""

from typing import Any
from xml.etree import ElementTree

import pytest

from conftest import FakeClock
from sandbox.plex_house import House
from scrobbled.sandbox.plex.items import FILMS, PlexSection
from scrobbled.sandbox.plex.people import ANNA, BEN, CABIN, CELLAR, MIA, NEIGHBOUR, PlexConnection

OWNER = "sandbox-plextv-anna"
CABIN_TV = PlexSection(3, "Cabin TV", "show", "tv.plex.agents.series", "5f0a7d4e-3b1c-4c58-9a67-0e1d2c3b4a63")


@pytest.fixture
def house(clock: FakeClock) -> House:
    return House(clock, "plex-cabin")


def servers(house: House, token: str) -> list[dict[str, Any]]:
    return list(house.ask("GET", "/plextv/api/v2/resources", token=token).json())


def switched(house: House, person: str, *, token: str = OWNER, query: str = "") -> tuple[int, str]:
    answer = house.ask("POST", f"/plextv/api/v2/home/users/{person}/switch{query}", token=token)
    return answer.status_code, answer.json().get("authToken", "") if answer.status_code == 201 else ""


def test_each_account_has_its_servers_with_a_token_for_each(house: House) -> None:
    house.sandbox["plex-cabin"].library.open(CABIN_TV)
    told = [(one["name"], one["owned"], one["accessToken"]) for one in servers(house, OWNER)]
    assert told == [("cellar-nas", True, CELLAR.token), ("cabin-nas", True, CABIN.token)]
    assert [(one["owned"], one["home"]) for one in servers(house, "sandbox-plextv-ben")] == [(False, True)] * 2
    assert servers(house, "sandbox-plextv-neighbour") == []
    house.server.admit(NEIGHBOUR, [FILMS])
    (shared,) = servers(house, "sandbox-plextv-neighbour")
    assert (shared["owned"], shared["home"], shared["sourceTitle"]) == (False, False, "anna")
    found = house.container("/library/sections", token=shared["accessToken"])["Directory"]
    assert [row["title"] for row in found] == ["Films"]


def test_a_server_without_libraries_is_not_there(house: House) -> None:
    assert [one["name"] for one in servers(house, OWNER)] == ["cellar-nas"]


def test_a_server_is_reached_in_several_ways(house: House) -> None:
    house.server.connections = [
        PlexConnection("https://192-0-2-7.abc.plex.direct:32400"),
        PlexConnection("https://198-51-100-7.abc.plex.direct:12000", local=False),
        PlexConnection(local=False, relay=True),
    ]
    (server,) = servers(house, OWNER)
    told = [(one["uri"], one["port"], one["local"], one["relay"]) for one in server["connections"]]
    assert told == [
        ("https://192-0-2-7.abc.plex.direct:32400", 32_400, True, False),
        ("https://198-51-100-7.abc.plex.direct:12000", 12_000, False, False),
        ("http://sandbox/plex", 80, False, True),
    ]


def test_a_server_on_new_hardware_is_another_machine(house: House) -> None:
    house.server.machine = "0" * 40
    assert [one["clientIdentifier"] for one in servers(house, OWNER)] == ["0" * 40]
    assert house.container("/identity")["machineIdentifier"] == "0" * 40


def test_tokens_of_servers_and_of_accounts_are_not_the_same(house: House) -> None:
    for token in (CELLAR.token_of(BEN), "sandbox-plextv-nobody"):
        assert house.ask("GET", "/plextv/api/v2/user", token=token).status_code == 401
    assert house.ask("GET", "/plex/library/sections", token=OWNER).status_code == 401
    assert house.ask("GET", "/plextv/api/v2/user", token=CELLAR.token).status_code == 200
    house.sandbox["plextv"].takes_server_tokens = False
    assert house.ask("GET", "/plextv/api/v2/user", token=CELLAR.token).status_code == 401


def test_the_home_is_listed_for_who_lives_there(house: House) -> None:
    path = "/plextv/api/v2/home/users/"
    users = house.ask("GET", path, token=OWNER).json()["users"]
    told = [(one["title"], one["username"], one["admin"], one["restricted"], one["protected"]) for one in users]
    assert told == [
        ("anna", "anna", True, False, False),
        ("ben", "ben", False, False, True),
        ("mia", "", False, True, False),
    ]
    assert house.ask("GET", path, token="sandbox-plextv-neighbour").status_code == 403


def test_the_admin_becomes_somebody_of_the_home(house: House) -> None:
    house.server.admit(MIA)
    status, token = switched(house, MIA.uuid)
    assert status == 201
    user = house.ask("GET", "/plextv/api/v2/user", token=token).json()
    assert (user["id"], user["title"], user["username"], user["email"]) == (MIA.id, "mia", "", None)
    (server,) = servers(house, token)
    assert server["accessToken"] == CELLAR.token_of(MIA)
    assert house.ask("GET", "/plex/library/sections", token=server["accessToken"]).status_code == 200
    assert switched(house, "nobody") == (404, "")
    assert switched(house, MIA.uuid, token="sandbox-plextv-neighbour") == (404, "")
    assert switched(house, MIA.uuid, token="wrong") == (401, "")


def test_who_has_a_pin_is_asked_for_it(house: House) -> None:
    assert switched(house, BEN.uuid)[0] == 201
    assert switched(house, BEN.uuid, query="?pin=1111")[0] == 401
    rules = house.sandbox["plextv"].pins_at_home
    rules.admin_needs_it, rules.refused = True, 403
    assert switched(house, BEN.uuid)[0] == 403
    assert switched(house, BEN.uuid, query=f"?pin={BEN.pin}")[0] == 201
    rules.admin_needs_it = False
    assert switched(house, ANNA.uuid, token="sandbox-plextv-ben")[0] == 201
    _, mia = switched(house, MIA.uuid)
    assert switched(house, BEN.uuid, token=mia)[0] == 403


def test_the_owner_is_told_with_whom_a_server_is_shared_in_xml(house: House) -> None:
    house.server.admit(NEIGHBOUR, [FILMS])
    path = f"/plextv/api/servers/{CELLAR.machine}/shared_servers"
    root = ElementTree.fromstring(house.ask("GET", path, token=OWNER).content)
    rows = {row.get("username"): row for row in root}
    assert set(rows) == {"ben", "neighbour"}
    guest = rows["neighbour"]
    assert (guest.get("userID"), guest.get("accessToken")) == (str(NEIGHBOUR.id), CELLAR.token_of(NEIGHBOUR))
    assert [(one.get("title"), one.get("shared")) for one in guest] == [("Films", "1"), ("TV", "0")]
    assert (guest.get("allLibraries"), rows["ben"].get("allLibraries")) == ("0", "1")
    assert house.ask("GET", path, token="sandbox-plextv-ben").status_code == 401
    assert house.ask("GET", path.replace(CELLAR.machine, "1" * 40), token=OWNER).status_code == 404


def test_who_signed_out_is_out_until_the_next_sign_in(house: House) -> None:
    assert house.ask("DELETE", "/plextv/api/v2/users/signout", token=OWNER).status_code == 204
    assert house.ask("GET", "/plextv/api/v2/user", token=OWNER).status_code == 401
    assert house.ask("DELETE", "/plextv/api/v2/users/signout", token=OWNER).status_code == 401
    pin = house.ask("POST", "/plextv/api/v2/pins", token="", headers={"X-Plex-Client-Identifier": "one"}).json()
    house.ask("POST", "/plextv/_sandbox/approve", json={"id": pin["id"], "username": "anna"})
    assert house.ask("GET", "/plextv/api/v2/user", token=OWNER).status_code == 200
