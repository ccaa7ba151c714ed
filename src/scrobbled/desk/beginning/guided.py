"""Whatever leads people: signing in, connecting media servers, and the first start. One writer serves them all."""

from __future__ import annotations

from scrobbled.runtime import Runtime
from scrobbled.web.beginning import Beginning
from scrobbled.web.connecting import Connecting
from scrobbled.web.scribe import Scribe
from scrobbled.web.signing import Signing


class Guided:
    """Who may ask is decided before, by the gate."""

    def __init__(self, runtime: Runtime) -> None:
        scribe = Scribe(runtime)
        self.signing = Signing(runtime, scribe)
        self.connecting = Connecting(runtime, scribe)
        self.beginning = Beginning(runtime, scribe, self.signing, self.connecting)
