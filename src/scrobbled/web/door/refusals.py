"""Why somebody is not let in, in sentences that say what to do."""

from __future__ import annotations

import math

from msgspec import Struct


class Refusal(Struct, frozen=True):
    """Why not, for a person, and what to do about it."""

    status: int
    title: str
    text: str
    yaml: str = ""
    sign_in: bool = False
    """Signing in, or a token, would help."""
    door: str = "login"
    """Where, relative to our root."""
    wait: float = 0.0
    """Seconds until it is worth asking again."""

    def headers(self) -> dict[str, str]:
        return {"retry-after": str(math.ceil(self.wait))} if self.wait else {}


def strange_host(host: str) -> Refusal:
    return Refusal(
        400,
        "This name is not known here",
        f'scrobbled was asked for under the name "{host[:100]}", which is not one it answers to. '
        "If that is your server, list the name under server.allowed_hosts in scrobbled.yaml, or set server.public_url; "
        "it is taken up within seconds.",
        yaml="server:\n  allowed_hosts: [scrobbled.example.org]",
    )


NOT_INGRESS = Refusal(
    403,
    "This port is for Home Assistant",
    "Only Home Assistant's supervisor is answered here. "
    "Open scrobbled from Home Assistant's sidebar, or on its own port.",
)
CROSS_SITE = Refusal(
    403,
    "That came from another site",
    "This request was made by a page of another site, so it was not carried out. Open scrobbled itself and try again. "
    "If you did, and a reverse proxy changes the name it is asked for, set server.public_url to the address you see.",
)
NO_LOGIN = Refusal(
    403,
    "Set a password first",
    "No login is configured, so only the machine scrobbled runs on may look, as localhost. To open it to others, give "
    "it a user name and a password in scrobbled.yaml; it is taken up within seconds.",
    yaml="server:\n  login:\n    username: admin\n    password: a long one of your own",
    sign_in=True,
)
NEEDS_LOGIN = Refusal(
    403,
    "Set a password first",
    "Without a login a proxy on this machine could let anybody pass for it, so this is done only when there is one: "
    "put a user name and a password into scrobbled.yaml; they are taken up within seconds.",
    yaml="server:\n  login:\n    username: admin\n    password: a long one of your own",
    sign_in=True,
)
START_FIRST = Refusal(
    401,
    "Nothing is set up yet",
    "scrobbled is not set up yet. Open its page, which leads through it.",
    sign_in=True,
    door="start",
)
CODE_FIRST = Refusal(
    401,
    "Enter the code first",
    "scrobbled is not set up yet. Open its page and enter the code printed in its log, or set it up on the machine "
    "it runs on.",
    sign_in=True,
    door="start/code",
)
SIGN_IN = Refusal(
    401,
    "Sign in first",
    "Sign in first: send username and password to /login, or a token of scrobbled token create as a bearer.",
    sign_in=True,
)
WRONG_TOKEN = Refusal(
    401, "Wrong token", "This token opens nothing here: it is mistyped or was revoked. Run: scrobbled token create"
)
TOO_MANY = Refusal(
    429, "Too many wrong tokens", "Too many wrong tokens came from there. Wait, then send the right one."
)
