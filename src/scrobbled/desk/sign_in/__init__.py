"""Signing in to services with a person's help: by a code that is entered elsewhere, or by something typed.

The same ways serve ``scrobbled auth``, the page and the API. ``SignIns`` keeps what people have begun in a running
service; the page may be reloaded meanwhile, and opened twice.
"""

from scrobbled.desk.sign_in.flows import HOUSE, SignInProgress, SignIns, SignInState, asked_for, home_for
from scrobbled.desk.sign_in.leaving import sign_out
from scrobbled.desk.sign_in.ways import WAYS, SignInWay, of_house, offered

__all__ = [
    "HOUSE",
    "WAYS",
    "SignInProgress",
    "SignInState",
    "SignInWay",
    "SignIns",
    "asked_for",
    "home_for",
    "of_house",
    "offered",
    "sign_out",
]
