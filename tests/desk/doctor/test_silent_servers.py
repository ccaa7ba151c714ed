"""What the examination says of who reports: each server behind a source, and where to find the address."""

from pathlib import Path

from desk.doctor.clinic import Clinic, check
from scrobbled.store.file.opening import open_database


def written(clinic: Clinic, *statements: str) -> None:
    db = open_database(clinic.database)
    with db:
        for statement in statements:
            db.execute(statement, {"now": clinic.clock.now().timestamp()})
    db.close()


def test_a_source_that_was_never_heard_points_to_the_steps(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path)
    found = check(clinic.examine(), "source plex")
    assert (
        found.next_step
        == "scrobbled webhook plex prints the address to enter there, and the steps. Then watch something."
    )


def test_one_of_several_servers_that_fell_silent_can_be_seen_and_is_named_to_nobody_else(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path)
    clinic.examine()
    written(
        clinic,
        "INSERT INTO events (source, received_at, outcome, account) VALUES ('plex', :now - 1296000, 'accepted', 'a')",
        "INSERT INTO tallies VALUES ('servers', 'plex', 'cellar-of-anna', '', 9, :now - 1296000)",
        "INSERT INTO tallies VALUES ('servers', 'plex', 'attic-of-anna', '', 4, :now - 1728000)",
    )
    report = clinic.examine()
    text = check(report, "source plex").text
    assert "Servers: cellar-of-anna 15 days ago, attic-of-anna 20 days ago." in text
    assert "Servers: server1 15 days ago, server2 20 days ago." in report.paste
