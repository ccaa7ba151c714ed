"""Telling people: once when trouble begins, again while it lasts, and once when it is over."""

from scrobbled.alerts.sending import Address, AppriseSender, is_alert_url
from scrobbled.alerts.telling import CALM, WINDOW, Alerts, Sender
from scrobbled.alerts.troubles import Key, Memory, Now, Open, Reach, Told, Trouble
from scrobbled.alerts.wording import Message

__all__ = [
    "CALM",
    "WINDOW",
    "Address",
    "Alerts",
    "AppriseSender",
    "Key",
    "Memory",
    "Message",
    "Now",
    "Open",
    "Reach",
    "Sender",
    "Told",
    "Trouble",
    "is_alert_url",
]
