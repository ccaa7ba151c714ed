"""What is shown of plays: whether all is well, what arrives, what is delivered, what was watched."""

from looks import Query, bars, heat, layers, lengths, lines, stat
from measures import ASKS, EVENTS, FLOOD, LATE, ONE_IS_MANY, PLAYS, SIGN_IN, SILENCE, WAITING, limits

GLANCE = (
    stat(
        "Service",
        "Whether Prometheus gets an answer. While there is none, webhooks are lost unless the media server repeats "
        "them: look at the log of the container.",
        "min(up{$here})",
        words={0: ("silent", "red"), 1: ("answers", "green")},
    ),
    stat(
        "Last webhook",
        "Time since any media server was heard. If somebody watched since, run scrobbled doctor: it says for each "
        "source whether its webhook is set up.",
        "time() - max(scrobbled_source_last_event_timestamp_seconds{$here})",
        "s",
        SILENCE,
    ),
    stat(
        "Oldest play that waits",
        "How long the oldest play has been waiting to be sent. Minutes are usual while a tracker is down; if the "
        "tracker works, scrobbled queue list says why.",
        "max(scrobbled_outbox_oldest_seconds{$here})",
        "s",
        LATE,
    ),
    stat(
        "Wait to be sent",
        "Plays that are sent by themselves as soon as the tracker takes them. Nothing to do.",
        'sum(scrobbled_outbox_changes{$here, state="queued"})',
        colours=limits("green", (50, "yellow")),
    ),
    stat(
        "Need you",
        "Plays that are held, unmatched or dead. The page Needs you, or scrobbled queue list, asks what to do with "
        "each; nothing is thrown away until then.",
        'sum(scrobbled_outbox_changes{$here, state=~"held|unmatched|dead"})',
        colours=ASKS,
    ),
    stat(
        "Held as a flood",
        "Plays that came faster than people watch, as after a restored media server. Look at them on the page Needs "
        "you, and approve or drop them together.",
        f'sum(scrobbled_held_changes{{$here, reason=~"{FLOOD}"}})',
        colours=ASKS,
    ),
    stat(
        "Accounts in trouble",
        "Accounts that cannot be used now, because the tracker is down or wants a new sign-in. scrobbled status says "
        "which of the two; the row Trackers below says whose.",
        "count(scrobbled_tracker_up{$here, $anybody}) - sum(scrobbled_tracker_up{$here, $anybody})",
        colours=ONE_IS_MANY,
    ),
    stat(
        "Next sign-in that ends",
        "Sign-ins are renewed by themselves at half of their life. When less than six hours are left, renewing does "
        "not work: run scrobbled auth with the tracker that the table Sign-ins names.",
        "min(scrobbled_token_expires_seconds{$here, $anybody})",
        "s",
        SIGN_IN,
    ),
    stat(
        "Longest out of step",
        "Time since the pair that is furthest behind was last reconciled without trouble. Compare it with what its "
        "every says; scrobbled status has the reason.",
        "max(time() - scrobbled_reconcile_last_success_timestamp_seconds{$here, $anybody})",
        "s",
        SILENCE,
    ),
    stat(
        "Delivered",
        "Plays that a tracker confirmed in the time this dashboard shows.",
        'sum(increase(scrobbled_deliveries_total{$here, $anybody, kind="plays", outcome="delivered"}[$__range]))',
    ),
    stat(
        "Nineteen of twenty within",
        "From the webhook to the confirmation of the tracker, in the time this dashboard shows. An outage of a "
        "tracker makes it long; without one, seconds are usual.",
        "histogram_quantile(0.95, sum by (le) (increase(scrobbled_delivery_seconds_bucket{$here}[$__range]))) >= 0",
        "s",
        LATE,
    ),
    stat(
        "Alerts that fire",
        "Rules of scrobbled.rules.yml that hold now. Each of them says what to do: see Alerting in Grafana, or the "
        "page Alerts of Prometheus.",
        'count(ALERTS{$here, alertname=~"Scrobbled.+", alertstate="firing"}) or vector(0)',
        colours=ONE_IS_MANY,
    ),
)

ARRIVING = (
    bars(
        "Webhooks, by what became of them",
        "accepted, duplicate and unwanted need nothing. unclaimed: somebody watched whom no viewer lists, see "
        "scrobbled claim. unreadable: a media server sends what we do not know, update scrobbled.",
        Query("sum by (outcome) (increase(scrobbled_events_total{$here}[$__rate_interval]))", "{{outcome}}"),
        width=8,
        named=EVENTS,
    ),
    bars(
        "Webhooks, by source",
        "A source that stopped sending while somebody watches has lost its webhook: scrobbled webhook SOURCE says how "
        "to set it up.",
        Query("sum by (source) (increase(scrobbled_events_total{$here}[$__rate_interval]))", "{{source}}"),
        width=8,
    ),
    lengths(
        "Silent for",
        "Time since each source was heard, also before the last start. If somebody watched there since, send a test "
        "with scrobbled test-event, then look at the webhook in the media server.",
        "time() - max by (source) (scrobbled_source_last_event_timestamp_seconds{$here})",
        "{{source}}",
        "s",
        SILENCE,
        width=8,
    ),
    lines(
        "Time to answer a webhook",
        "From the request to the answer, which is given when the event is on disk. Media servers wait a few seconds. "
        "If it takes more than one, the disk is slow or full: scrobbled doctor looks at it.",
        Query(
            "histogram_quantile(0.5, sum by (source, le) "
            "(rate(scrobbled_event_ack_seconds_bucket{$here}[$__rate_interval])))",
            "{{source}}: half within",
        ),
        Query(
            "histogram_quantile(0.95, sum by (source, le) "
            "(rate(scrobbled_event_ack_seconds_bucket{$here}[$__rate_interval])))",
            "{{source}}: nineteen of twenty within",
        ),
        unit="s",
        colours=limits("green", (1, "red")),
    ),
    heat(
        "Webhooks by the time to answer them",
        "Each cell counts webhooks. A band that moves up is a disk that becomes slower.",
        "sum by (le) (increase(scrobbled_event_ack_seconds_bucket{$here}[$__rate_interval]))",
    ),
)

DELIVERING = (
    bars(
        "Plays, by what became of them",
        "delivered and already-there are well. held, unmatched and dead wait for you on the page Needs you; parked is "
        "asked again by itself.",
        Query(
            'sum by (outcome) (increase(scrobbled_deliveries_total{$here, $anybody, kind="plays"}[$__rate_interval]))',
            "{{outcome}}",
        ),
        named=PLAYS,
    ),
    layers(
        "What waits, by state",
        "queued goes out by itself and is high only while a tracker is down or after a large reconciliation. held, "
        "unmatched and dead stay until you decide; scrobbled queue list names each.",
        Query("sum by (state) (scrobbled_outbox_changes{$here})", "{{state}}"),
        named=WAITING,
    ),
    lines(
        "Webhook to tracker",
        "From the webhook to the confirmation of the tracker. High while a tracker is down; if it stays high after, "
        "look at the oldest play that waits and at the tracker's answers below.",
        Query(
            "histogram_quantile(0.5, sum by (tracker, le) "
            "(rate(scrobbled_delivery_seconds_bucket{$here}[$__rate_interval])))",
            "{{tracker}}: half within",
        ),
        Query(
            "histogram_quantile(0.95, sum by (tracker, le) "
            "(rate(scrobbled_delivery_seconds_bucket{$here}[$__rate_interval])))",
            "{{tracker}}: nineteen of twenty within",
        ),
        unit="s",
    ),
    heat(
        "Plays by the time to deliver them",
        "Each cell counts plays. What stands high up waited for a tracker to come back.",
        "sum by (le) (increase(scrobbled_delivery_seconds_bucket{$here}[$__rate_interval]))",
    ),
    lines(
        "Oldest play that waits",
        "It falls to zero when everything is sent. A line that only climbs is a play that cannot be sent: see "
        "scrobbled queue list. An alert comes after 15 minutes.",
        Query("max by (tracker) (scrobbled_outbox_oldest_seconds{$here})", "{{tracker}}"),
        unit="s",
        colours=LATE,
    ),
    layers(
        "What is held, by reason",
        "no-date has no time to be sent with: drop it. ask is a removal or a conflict: decide. The others are floods: "
        "look at them together on the page Needs you.",
        Query("sum by (reason) (scrobbled_held_changes{$here})", "{{reason}}"),
    ),
)

WATCHED = (
    bars(
        "Plays, by person",
        "What was watched, as webhooks told it. The page Statistics has more, and the whole past.",
        Query(
            "sum by (viewer) (increase(scrobbled_plays_total{$here, $anybody}[$__rate_interval]))",
            "{{viewer}}",
        ),
        every="1h",
    ),
    lengths(
        "By person",
        "Plays in the time this dashboard shows. If somebody is missing, scrobbled claim lists accounts that belong "
        "to nobody.",
        "sum by (viewer) (increase(scrobbled_plays_total{$here, $anybody}[$__range]))",
        "{{viewer}}",
        width=4,
    ),
    lengths(
        "By source",
        "Plays in the time this dashboard shows. If a source is missing, see the panel Silent for.",
        "sum by (source) (increase(scrobbled_plays_total{$here, $anybody}[$__range]))",
        "{{source}}",
        width=4,
    ),
    lengths(
        "Episodes and films",
        "Plays in the time this dashboard shows. movies and episodes in the configuration say which of them count.",
        "sum by (media) (increase(scrobbled_plays_total{$here, $anybody}[$__range]))",
        "{{media}}",
        width=4,
    ),
)
