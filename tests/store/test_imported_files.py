"""What an imported file held is dropped after a while, a little at a time; what accounts hold stays."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from scrobbled.core.naming.items import Episode
from scrobbled.core.records import PlayRecord, Subject
from scrobbled.store import Store
from scrobbled.store.keeping import housekeeping
from scrobbled.store.keeping.housekeeping import HousekeepingTime
from scrobbled.store.mirror import ledger, records, subjects

NOW = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
FILE, TRAKT = ("anna", "file:export.zip-1a2b"), ("anna", "trakt")


async def test_old_files_go_and_accounts_stay(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.db")

    def fill(db: object) -> None:
        for account, age in ((FILE, 31), (TRAKT, 31), (("anna", "file:new.csv-3c4d"), 2)):
            rows = [PlayRecord(str(n), "k", NOW - timedelta(hours=n)) for n in range(450)]
            records.put(db, account, rows, 1, 0.0)  # type: ignore[arg-type]
            subjects.put(db, account, [Subject("k", "episode", Episode("Harbour", 1, 1))])  # type: ignore[arg-type]
            at = (NOW - timedelta(days=age)).timestamp()
            records.save_state(db, account, records.ReadState({}, rev=1, read_at=at))  # type: ignore[arg-type]
        pair = f"{FILE[1]},trakt"
        ledger.save_state(db, "anna", pair, ledger.PairState())  # type: ignore[arg-type]

    await store.write(fill)
    steps = 0
    while await store.write(lambda db: housekeeping.forget_files(db, HousekeepingTime(NOW, NOW))):
        steps += 1
    left = await store.read(
        lambda db: {row[0]: row[1] for row in db.execute("SELECT tracker, count(*) FROM records GROUP BY tracker")}
    )
    assert left == {"trakt": 450, "file:new.csv-3c4d": 450}
    assert steps > 3, "a little at a time"
    assert await store.read(lambda db: db.execute("SELECT count(*) FROM pairs").fetchone()[0]) == 0
    await store.aclose()
