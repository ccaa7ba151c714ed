"""What can go wrong while a Plex server or plex.tv is read or written to, armed one by one."""

from typing import Any

import httpx
import pytest

from sandbox.plex_house import House
from scrobbled.sandbox.faults import Fault

MOVIES = "/library/sections/1/all?type=1"
LIST = "GET /library/sections/*/all"
MARK = "/:/scrobble?identifier=com.plexapp.plugins.library&key="
PROXY = '<?xml version="1.0" encoding="UTF-8"?><MediaContainer size="0"/>'


def pages(house: House, count: int = 3) -> list[httpx.Response]:
    """A film on each."""
    found = []
    for start in range(count):
        paging = {"X-Plex-Container-Start": str(start), "X-Plex-Container-Size": "1"}
        found.append(house.ask("GET", f"/plex{MOVIES}", headers=paging))
    return found


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Fault(LIST, "status", status=500, skip=1, times=1), 500),
        (Fault(LIST, "status", status=401, skip=1, times=1), 401),
        (Fault(LIST, "status", status=404, skip=1, times=1), 404),
        (Fault(LIST, "malformed", skip=1, times=1), 200),
        (Fault(LIST, "html", skip=1, times=1), 200),
        (Fault(LIST, "status", status=200, body=PROXY, content_type="text/xml", skip=1, times=1), 200),
    ],
)
def test_one_page_in_the_middle_goes_wrong(house: House, fault: Fault, status: int) -> None:
    house.server.faults.add(fault)
    first, second, third = pages(house)
    assert (first.status_code, second.status_code, third.status_code) == (200, status, 200)
    assert len(first.json()["MediaContainer"]["Metadata"]) == len(third.json()["MediaContainer"]["Metadata"]) == 1
    if status == 200:
        with pytest.raises(ValueError, match=r"\(char \d+\)"):
            second.json()


def test_a_slow_page_takes_its_time(house: House) -> None:
    waited: list[float] = []

    async def wait(seconds: float) -> None:
        waited.append(seconds)

    house.server.sleep = wait
    house.server.faults.add(Fault(LIST, "latency", seconds=30, skip=1, times=1))
    assert [answer.status_code for answer in pages(house)] == [200, 200, 200]
    assert waited == [30]


def test_a_mark_may_be_done_and_its_answer_lost(house: House) -> None:
    key = house.world.movies[0].rating_key
    house.server.faults.add(Fault("PUT /:/scrobble", "drop", when="after", times=1))
    with pytest.raises(httpx.RemoteProtocolError):
        house.put(MARK + key)
    assert house.rows(f"/library/metadata/{key}")[0]["viewCount"] == 1
    house.server.faults.add(Fault("PUT /:/scrobble", "status", status=503, times=1))
    assert house.put(MARK + key).status_code == 503
    assert house.rows(f"/library/metadata/{key}")[0]["viewCount"] == 1


@pytest.mark.parametrize("status", [401, 422, 429, 498, 500])
def test_plextv_refuses_while_the_servers_go_on(house: House, status: int) -> None:
    house.sandbox["plextv"].faults.add(Fault("GET /api/v2/*", status=status))
    assert house.ask("GET", "/plextv/api/v2/resources", token="sandbox-plextv-anna").status_code == status
    assert house.ask("GET", f"/plex{MOVIES}").status_code == 200


def test_faults_are_armed_over_http_as_well(house: House) -> None:
    given: dict[str, Any] = {"match": LIST, "status": 500, "skip": 1, "every": 2}
    assert house.ask("POST", "/plex/_sandbox/faults", json=given).status_code == 200
    assert [answer.status_code for answer in pages(house, 5)] == [200, 500, 200, 500, 200]
