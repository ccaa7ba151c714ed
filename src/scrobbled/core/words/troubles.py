"""What people are told about without asking, by kind: the words that ``alerts.urls`` may choose from."""

from __future__ import annotations

TROUBLE_KINDS: dict[str, str] = {
    "down": "a tracker does not answer",
    "sign-in": "a tracker needs a new sign-in",
    "stopped": "a tracker has shut an account out",
    "drift": "a tracker answers in a way we do not know, so writing there has stopped",
    "unmatched": "what is not certain to be what it seems waits for you",
    "dead": "what a tracker refused for good waits for you",
    "flood": "so many plays came at once that they are held until you decide",
    "plan": "a reconciliation would change so much that it needs your approval",
    "limit": "a list of an account is full, so that a part of it waits",
    "pair": "two trackers could not be compared for a day",
    "unclaimed": "somebody watched whom no viewer lists",
    "configuration": "the changed configuration is not valid",
    "backup": "a scheduled backup failed",
    "disk": "the disk is nearly full",
    "storage": "the database cannot be used, so webhooks are refused",
    "clock": "the clock of this machine is wrong",
    "server": "a media server cannot be asked or listened to",
    "sink": "the database of charts takes nothing",
}
"""From ``unclaimed`` on they are about the house, and not about one viewer."""
