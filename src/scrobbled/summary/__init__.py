"""What command, API and page say of the same facts: the state of things, the queue, and the story of a play.

Ids carry their letter (``e12`` an event, ``p7`` a play, ``c31`` a change); times are ISO 8601 in UTC.
"""

from scrobbled.summary.ids import number
from scrobbled.summary.queue import QueuedChange, States, act, next_step, queued_amendment, queued_change, trouble
from scrobbled.summary.state import AccountStatus, Glance, Status, UnclaimedStatus, claim, glance, status, unclaimed
from scrobbled.summary.stories import Attempt, DeliveryStory, EventStory, PlayStory, attempts, event_story, play_story

__all__ = [
    "AccountStatus",
    "Attempt",
    "DeliveryStory",
    "EventStory",
    "Glance",
    "PlayStory",
    "QueuedChange",
    "States",
    "Status",
    "UnclaimedStatus",
    "act",
    "attempts",
    "claim",
    "event_story",
    "glance",
    "next_step",
    "number",
    "play_story",
    "queued_amendment",
    "queued_change",
    "status",
    "trouble",
    "unclaimed",
]
