"""What is shown of trackers, of pairs, and of the service itself."""

from looks import Query, bars, lengths, lines, stat, states, table
from measures import RUNS, SIGN_IN, SILENCE, limits

WORKS = {0: ("in trouble", "red"), 1: ("works", "green")}

TRACKERS = (
    states(
        "Accounts",
        "Red: the tracker does not answer, or the account wants a new sign-in; plays are kept and sent later. "
        "scrobbled status says which, and what to do.",
        "min by (viewer, tracker) (scrobbled_tracker_up{$here, $anybody})",
        "{{viewer}} at {{tracker}}",
        WORKS,
        width=16,
    ),
    table(
        "Sign-ins",
        "How long each sign-in holds if it is not renewed, which happens by itself at half of its life. Red: run "
        "scrobbled auth TRACKER --viewer NAME.",
        "min by (viewer, tracker) (scrobbled_token_expires_seconds{$here, $anybody})",
        "holds for",
        "s",
        SIGN_IN,
        width=8,
    ),
    lines(
        "Requests, by service",
        "What we ask of trackers, media servers and catalogues. A first reconciliation asks much; after it, a few "
        "requests a minute are usual.",
        Query("sum by (tracker) (rate(scrobbled_tracker_requests_total{$here}[$__rate_interval]))", "{{tracker}}"),
        unit="reqps",
        width=8,
    ),
    bars(
        "Requests that failed, by service and status",
        "5xx and error are the service's or the network's: they are repeated. 401 and 403 want a new sign-in. 404 is "
        "an answer too: the service does not know the thing asked for.",
        Query(
            "sum by (tracker, status) "
            '(increase(scrobbled_tracker_requests_total{$here, status!~"2..|304"}[$__rate_interval]))',
            "{{tracker}} {{status}}",
        ),
        width=8,
    ),
    lines(
        "Time to be answered, nineteen of twenty within",
        "How quick a service is. Slow answers delay plays and lose none.",
        Query(
            "histogram_quantile(0.95, sum by (tracker, le) "
            "(rate(scrobbled_tracker_request_seconds_bucket{$here}[$__rate_interval])))",
            "{{tracker}}",
        ),
        unit="s",
        width=8,
    ),
    lines(
        "Share of Trakt's limits in use",
        "Trakt lets an account read 500 times in five minutes and write once a second. All requests are counted as "
        "those of one account: with several people each is further from the limit than this shows. Near 100 %, let "
        "pairs run less often (every).",
        Query(
            'sum(increase(scrobbled_tracker_requests_total{$here, tracker="trakt", method="GET"}[5m])) / 500',
            "reads",
        ),
        Query(
            'sum(rate(scrobbled_tracker_requests_total{$here, tracker="trakt", method=~"POST|PUT|DELETE"}[5m]))',
            "writes",
        ),
        unit="percentunit",
        colours=limits("green", (0.8, "yellow"), (1, "red")),
    ),
    bars(
        "Asked to slow down (429)",
        "A tracker answered that we ask too often; we wait as long as it says. Now and then is harmless. If it does "
        "not end, something else may use the same application or account.",
        Query(
            'sum by (tracker) (increase(scrobbled_tracker_requests_total{$here, status="429"}[$__rate_interval]))',
            "{{tracker}}",
        ),
    ),
)

IN_STEP = (
    bars(
        "Reconciliations, by how they ended",
        "done and nothing are well. approval: a plan wants your yes, see the page Sync. failed: scrobbled status has "
        "the reason. refused: the plan you approved was no longer the one that would be carried out.",
        Query(
            "sum by (outcome) (increase(scrobbled_reconcile_runs_total{$here, $anybody}[$__rate_interval]))",
            "{{outcome}}",
        ),
        width=8,
        named=RUNS,
    ),
    bars(
        "Changes brought over, by kind",
        "What reconciliations put on its way. Many at once that you did not expect: scrobbled undo --run takes back "
        "what a run wrote.",
        Query("sum by (change) (increase(scrobbled_reconcile_changes_total{$here}[$__rate_interval]))", "{{change}}"),
        width=8,
    ),
    lengths(
        "Last time in step",
        "Time since each pair was reconciled without trouble. If it is much longer than its every, scrobbled status "
        "says why.",
        "time() - max by (viewer, pair) (scrobbled_reconcile_last_success_timestamp_seconds{$here, $anybody})",
        "{{viewer}}: {{pair}}",
        "s",
        SILENCE,
        width=8,
    ),
    lines(
        "Time that a reconciliation takes, nineteen of twenty within",
        "Most of it is waiting for the trackers. Long ones are harmless: webhooks and deliveries go on beside them.",
        Query(
            "histogram_quantile(0.95, sum by (pair, le) "
            "(rate(scrobbled_reconcile_seconds_bucket{$here}[$__rate_interval])))",
            "{{pair}}",
        ),
        unit="s",
    ),
    bars(
        "Own writes recognised",
        "What we wrote comes back when a tracker is read; it is recognised and not written to the other side again. "
        "Nothing to do.",
        Query("sum by (tracker) (increase(scrobbled_echoes_dropped_total{$here}[$__rate_interval]))", "{{tracker}}"),
    ),
)

ITSELF = (
    lines(
        "Memory",
        "What the process holds in memory. It settles within a day; a large import makes it higher for a while.",
        Query("process_resident_memory_bytes{$here}", "{{instance}}"),
        unit="bytes",
        width=6,
    ),
    lines(
        "Computing time, of one core",
        "At rest it is close to nothing. High for long without a reconciliation or an import is worth a bug report.",
        Query("rate(process_cpu_seconds_total{$here}[$__rate_interval])", "{{instance}}"),
        unit="percentunit",
        width=6,
    ),
    lines(
        "Open files and connections",
        "Media servers, trackers, open pages and the database. A line that only climbs is worth a bug report.",
        Query("process_open_fds{$here}", "{{instance}}"),
        unit="none",
        width=6,
    ),
    bars(
        "Alerts that scrobbled sends itself",
        "failed: the addresses under alerts.urls do not take them; try one with scrobbled test-alert. It is sent "
        "again by itself.",
        Query("sum by (outcome) (increase(scrobbled_alerts_total{$here}[$__rate_interval]))", "{{outcome}}"),
        width=6,
        named=("sent", "failed"),
    ),
    stat(
        "Running for",
        "Time since the last start. A start that nobody asked for is explained at the end of the log before it.",
        "time() - max(process_start_time_seconds{$here})",
        "s",
        width=8,
    ),
    stat(
        "Last copy of the database",
        "Time since the last copy that storage.backup made. Empty where none is configured.",
        "time() - max(scrobbled_backup_last_success_timestamp_seconds{$here})",
        "s",
        limits("green", (2 * 86_400, "yellow"), (8 * 86_400, "red")),
        width=8,
    ),
    stat(
        "Version",
        "The version that runs. CHANGELOG.md says what is new in each.",
        "max by (version) (scrobbled_build_info{$here})",
        width=8,
        legend="{{version}}",
    ),
)
