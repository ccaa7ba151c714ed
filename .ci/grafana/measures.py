"""From which value on a figure is yellow or red, the outcomes there are, and the colour of each."""


def limits(*steps):
    """Colours by value: the first colour, then pairs of a value and the colour from there on."""
    first, rest = steps[0], steps[1:]
    pairs = [{"color": first, "value": None}, *({"color": colour, "value": value} for value, colour in rest)]
    return {"mode": "absolute", "steps": pairs}


WELL = limits("green")
ASKS = limits("green", (1, "yellow"))
ONE_IS_MANY = limits("green", (1, "red"))
LATE = limits("green", (300, "yellow"), (900, "red"))
"""Seconds that a play waits; the alert comes with the last."""
SIGN_IN = limits("red", (6 * 3600, "yellow"), (86_400, "green"))
"""Seconds that a sign-in still holds."""
SILENCE = limits("green", (86_400, "yellow"), (3 * 86_400, "red"))
"""Seconds without news."""

EVENTS = ("accepted", "duplicate", "unwanted", "unclaimed", "unreadable")
PLAYS = ("queued", "delivered", "already-there", "echo", "unwanted", "held", "parked", "unmatched", "dead", "undone")
WAITING = ("queued", "held", "parked", "unmatched", "dead")
RUNS = ("done", "nothing", "incomplete", "approval", "refused", "cancelled", "failed")
FLOOD = "writes-per-hour|plays-per-item|burst|share-of-history"
"""The reasons to hold a change that the flood breaker has."""
COLOURS = {
    "accepted": "green", "delivered": "green", "done": "green", "sent": "green", "already-there": "semi-dark-green",
    "nothing": "semi-dark-green", "duplicate": "blue", "queued": "blue", "echo": "light-blue", "unwanted": "#8e8e8e",
    "undone": "#8e8e8e", "cancelled": "#8e8e8e", "parked": "purple", "unclaimed": "yellow", "held": "yellow",
    "approval": "yellow", "incomplete": "yellow", "unmatched": "orange", "refused": "orange", "unreadable": "red",
    "dead": "red", "failed": "red", "error": "red",
}  # fmt: skip
"""An outcome has one colour, wherever it stands; other series get theirs from Grafana."""
