"""What two trackers hold of one thing, compared, decided and planned.

Values in, values out: what is read and what is written belongs to ``reconcile`` and ``delivery``.
"""
