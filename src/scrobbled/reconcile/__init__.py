"""Two trackers of one person are read, compared, and what one lacks is put on its way to it.

Reading is stored before anything is compared (``mirror``), and a read that fails on one side touches nothing of the
other. What both hold is lined up (``lining``), ``core`` decides, and its plan goes into the outbox like everything
else (``carrying``): nothing here writes to a tracker. The ledger is written from what was read.
"""

from scrobbled.reconcile.policies import Options
from scrobbled.reconcile.reading import Member
from scrobbled.reconcile.run import Ended, Reconciler
from scrobbled.reconcile.sides import Sides

__all__ = ["Ended", "Member", "Options", "Reconciler", "Sides"]
