"""The demo in a container: its page is open to other machines, and asks them for a password that is printed."""

import re

import httpx

from scrobbled.cli.demo.evening import Demo


async def test_a_demo_that_is_open_to_other_machines_asks_for_the_password_it_prints() -> None:
    async with Demo(tell=lambda line: None, host="0.0.0.0").running() as evening:
        name, password = re.fullmatch(r"Sign in as (\S+) with the password (\S+)", evening.invitation).groups()  # type: ignore[union-attr]
        async with httpx.AsyncClient(base_url=evening.url, trust_env=False, timeout=60) as browser:
            assert (await browser.get("/")).headers["location"].startswith("./login")
            assert (await browser.get("/health/live")).status_code == 200
            await browser.post("/login", data={"username": name, "password": password})
            assert (await browser.get("/")).status_code == 200


async def test_every_demo_has_another_password_and_one_that_is_open_to_nobody_else_has_none() -> None:
    made = [Demo(tell=lambda line: None, host="0.0.0.0").invitation for _ in range(2)]
    assert made[0] != made[1]
    assert Demo(tell=lambda line: None).invitation == ""
