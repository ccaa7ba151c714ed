"""What everybody who asks media servers works with, whether they poll or listen."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from msgspec import Struct

from scrobbled.alerts import Alerts
from scrobbled.config import Config, ViewerConfig, claimants
from scrobbled.core.watching.events import Account
from scrobbled.plumbing.cache import Cache
from scrobbled.plumbing.clock import Clock
from scrobbled.plumbing.pools import Pools
from scrobbled.servers.condition import Condition, ListeningMode
from scrobbled.sources.body import Body
from scrobbled.store import Store

TakeFrom = Callable[[str, Body], Awaitable[object]]


class Kit(Struct, frozen=True):
    """``config`` is asked each time, as a reload exchanges it; ``take`` is the way in, by the name of the source."""

    store: Store
    config: Callable[[], Config]
    take: TakeFrom
    pools: Pools
    cache: Cache
    alerts: Alerts
    clock: Clock

    def claimants(self, source: str, account: Account) -> Sequence[ViewerConfig]:
        """The viewers who list that account."""
        return claimants(self.config(), source, account.names())

    def condition(self, source: str, way: ListeningMode) -> Condition:
        """A new one, of which nothing is known yet."""
        return Condition(source, way, store=self.store, alerts=self.alerts, clock=self.clock)
