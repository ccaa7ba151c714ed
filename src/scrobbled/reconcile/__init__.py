"""Two trackers of one person are read, compared, and what one lacks is put on its way to the other.

``keeper`` says when, and ``run`` goes the way: both sides are read (``reading``) unless what is kept of them is new
enough (``accounts``), and what they brought is stored before anything is compared (``mirror``, as far as it is
believed: ``belief``); a read that fails on one side touches nothing of the other. What side a calls by another name is
looked up (``placing``), what both hold is lined up once (``lining``), ``core`` decides (``deciding``), the plan is
judged (``guarding``) and goes into the outbox like everything else (``carrying``): nothing here writes to a tracker.
The ledger is written from what was read.
"""

from scrobbled.reconcile.pairs import Options, Sides, Wired
from scrobbled.reconcile.reading import PairMember
from scrobbled.reconcile.run import Ended, Reconciler

__all__ = ["Ended", "Options", "PairMember", "Reconciler", "Sides", "Wired"]
