"""Telling people: once when trouble begins, again while it lasts, and once when it is over."""

from scrobbled.alerts.sending import AlertAddress, AppriseSender, is_alert_url
from scrobbled.alerts.telling import CALM, WINDOW, Alerts, Sender
from scrobbled.alerts.troubles import LastTold, Memory, Now, Open, Reach, Trouble, TroubleKey, full_list
from scrobbled.alerts.wording import AlertMessage

__all__ = [
    "CALM",
    "WINDOW",
    "AlertAddress",
    "AlertMessage",
    "Alerts",
    "AppriseSender",
    "LastTold",
    "Memory",
    "Now",
    "Open",
    "Reach",
    "Sender",
    "Trouble",
    "TroubleKey",
    "full_list",
    "is_alert_url",
]
