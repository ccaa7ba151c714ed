"""``scrobbled auth notebook``."""

from scrobbled.core.errors import LoginNeeded
from scrobbled.trackers.given import SignIn, SignInField

ASKS = (SignInField("pin", "Pin of the notebook", secret=True),)
PIN = "pin-4711-of-the-notebook"


async def sign_in(request: SignIn) -> str:
    pin = str(request.settings.get("pin") or "") or request.ask("Pin of the notebook")
    if pin != PIN:
        raise LoginNeeded("this is not the pin")
    await request.tokens.save({"pin": pin})
    return str(request.settings["owner"])
