"""Whatever leads people: signing in, choosing libraries, connecting media servers, and the first start.

One writer serves them all.
"""

from __future__ import annotations

from scrobbled.desk.beginning.beginning import Beginning
from scrobbled.desk.libraries.libraries import Libraries
from scrobbled.desk.settings.scribe import Scribe
from scrobbled.desk.sign_in.page import Signing
from scrobbled.desk.sources.connections import Connecting
from scrobbled.runtime.service import Runtime


class Guided:
    """Who may ask is decided before, by the gate."""

    def __init__(self, runtime: Runtime) -> None:
        scribe = Scribe(runtime)
        self.signing = Signing(runtime, scribe)
        self.connecting = Connecting(runtime, scribe)
        self.libraries = Libraries(runtime, scribe)
        self.beginning = Beginning(runtime, scribe, self.signing, self.connecting)
