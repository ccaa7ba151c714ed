"""Signing in to services with a person's help: by a code that is entered elsewhere, or by something typed.

The same ways serve ``scrobbled auth``, the page and the API. ``SignIns`` keeps what people have begun in a running
service; the page may be reloaded meanwhile, and opened twice.
"""

from scrobbled.signing_in.flows import HOUSE, Progress, SignIns, State, asked_for
from scrobbled.signing_in.ways import WAYS, Way

__all__ = ["HOUSE", "WAYS", "Progress", "SignIns", "State", "Way", "asked_for"]
