"""How an account is: what each error makes of it, who is told and when, and how it comes back."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from conftest import FakeClock, OneAddress
from scrobbled.alerts import Alerts
from scrobbled.core.errors import (
    AccountStopped,
    ContractDrift,
    LoginNeeded,
    NeverSignedIn,
    NotInCatalogue,
    StoreError,
    TrackerError,
    TryLater,
)
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.delivery.health import FOR_THE_FIRST_SIGN_IN, OUTAGE, TELL_AFTER, Health, HealthReport, HealthState
from scrobbled.plumbing.metrics import Metrics
from scrobbled.store import Store
from scrobbled.store.notes.alerts import StoredTroubles


@dataclass
class Patient:
    clock: FakeClock
    store: Store
    told: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    saved: list[HealthReport] = field(default_factory=list)

    def __post_init__(self) -> None:
        memory, sender = StoredTroubles(self.store), OneAddress(self._send)
        alerts = Alerts(memory, sender, repeat=86_400, now=self.clock.now, metrics=Metrics())
        self.alerts = alerts
        site, both = "https://app.trakt.tv", {"alerts": alerts, "clock": self.clock}
        self.health = Health("anna", "trakt", site, **both, save=self._save, patience=FOR_THE_FIRST_SIGN_IN)

    async def _send(self, title: str, text: str, good: bool) -> bool:
        self.told.append(title)
        self.texts.append(text)
        return True

    async def _save(self, report: HealthReport) -> None:
        self.saved.append(report)

    async def trouble(self, error: TrackerError) -> float:
        """Books it and waits it out; returns how long the rest was."""
        await self.health.trouble(error, self.clock.monotonic(), lambda: 0.5)
        await self.alerts.settled()
        rest = self.health.pause(self.clock.monotonic())
        self.clock.advance(rest)
        return rest

    async def success(self) -> bool:
        found = await self.health.success(None)
        await self.alerts.settled()
        return found


@pytest.fixture
async def patient(clock: FakeClock, tmp_path: Path, anyio_backend: str):
    store = Store(tmp_path / "scrobbled.db")
    with capture_logs():
        yield Patient(clock, store)
    await store.aclose()


async def test_an_account_begins_new_and_is_well_after_its_first_success(patient: Patient) -> None:
    assert (patient.health.report.state, patient.health.in_trouble) == (HealthState.NEW, False)
    assert await patient.success() is False
    assert (patient.health.report.state, patient.health.in_trouble) == (HealthState.OK, False)
    assert (patient.told, len(patient.saved)) == ([], 1)
    await patient.success()
    assert len(patient.saved) == 1, "no news is not saved"


async def test_somebody_who_is_about_to_sign_in_for_the_first_time_is_no_trouble(patient: Patient) -> None:
    began = patient.clock.monotonic()
    while patient.clock.monotonic() - began < FOR_THE_FIRST_SIGN_IN:
        assert await patient.trouble(NeverSignedIn("not signed in to Trakt")) <= 30
        if patient.clock.monotonic() - began < FOR_THE_FIRST_SIGN_IN:
            assert (patient.told, patient.saved, patient.health.in_trouble) == ([], [], False)
    await patient.trouble(NeverSignedIn("not signed in to Trakt"))
    assert patient.told == ["anna/trakt needs you to sign in"]
    assert patient.health.report.state is HealthState.SIGN_IN


async def test_an_account_that_is_known_from_before_is_told_at_once(patient: Patient) -> None:
    async def known() -> bool:
        return False

    patient.health = Health(
        "anna",
        "trakt",
        "",
        alerts=patient.alerts,
        clock=patient.clock,
        save=patient._save,
        patience=FOR_THE_FIRST_SIGN_IN,
        is_new=known,
    )
    await patient.trouble(NeverSignedIn("not signed in to Trakt"))
    assert patient.told == ["anna/trakt needs you to sign in"]


async def test_a_sign_in_that_was_tried_or_has_ended_is_told_at_once(patient: Patient) -> None:
    await patient.trouble(LoginNeeded("refused"))
    assert patient.told == ["anna/trakt needs you to sign in"]


async def test_an_account_that_worked_and_is_signed_out_is_told_at_once(patient: Patient) -> None:
    await patient.success()
    await patient.trouble(NeverSignedIn("not signed in to Trakt"))
    assert patient.told == ["anna/trakt needs you to sign in"]


async def test_rests_grow_to_a_minute_and_end_with_a_success(patient: Patient) -> None:
    rests = [await patient.trouble(TryLater("503")) for _ in range(9)]
    assert rests == pytest.approx([1, 2, 4, 8, 16, 32, 60, 60, 60])
    await patient.success()
    assert await patient.trouble(TryLater("503")) == pytest.approx(1)


async def test_the_service_is_not_asked_before_the_time_it_named(patient: Patient) -> None:
    assert await patient.trouble(TryLater("429", after=77)) == pytest.approx(77)
    assert await patient.trouble(TryLater("503", after=0)) == pytest.approx(2)


async def test_a_short_failure_is_nobodys_news_and_a_long_one_is_told_once(patient: Patient) -> None:
    began = patient.clock.monotonic()
    while patient.clock.monotonic() - began < TELL_AFTER:
        assert patient.told == []
        await patient.trouble(TryLater("503"))
    await patient.trouble(TryLater("503"))
    assert len(patient.told) == 1
    for _ in range(100):
        await patient.trouble(TryLater("503"))
    assert patient.told == ["anna/trakt does not answer"]
    await patient.success()
    assert patient.told[1:] == ["anna/trakt works again"]


async def test_failures_far_apart_with_successes_between_them_are_no_long_one(patient: Patient) -> None:
    for _ in range(50):
        await patient.trouble(TryLater("503"))
        patient.clock.advance(TELL_AFTER)
        await patient.success()
    assert patient.told == []


@pytest.mark.parametrize(
    ("error", "state", "says"),
    [
        (LoginNeeded("revoked. Run: scrobbled auth trakt --viewer anna"), HealthState.SIGN_IN, "scrobbled auth trakt"),
        (
            LoginNeeded("it wants a sign-in"),
            HealthState.SIGN_IN,
            "on the page, or run: scrobbled auth trakt --viewer anna",
        ),
        (AccountStopped("locked"), HealthState.STOPPED, "https://app.trakt.tv"),
        (ContractDrift("POST /sync/history: no key named added"), HealthState.DRIFT, "no key named added"),
        (NotInCatalogue("odd here"), HealthState.STOPPED, "Odd here."),
    ],
)
async def test_what_needs_a_person_is_told_at_once_and_once(
    patient: Patient, error: TrackerError, state: HealthState, says: str
) -> None:
    rests = [await patient.trouble(error) for _ in range(12)]
    assert patient.health.report.state is state
    assert patient.health.in_trouble
    assert (len(patient.told), says in patient.texts[0]) == (1, True)
    assert ".." not in patient.texts[0]
    assert rests == sorted(rests)
    assert (rests[0], rests[-1]) == (30, 3600)
    await patient.success()
    assert patient.told[-1] == "anna/trakt works again"
    assert await patient.trouble(error) == 30


async def test_a_state_keeps_the_moment_it_began(patient: Patient) -> None:
    await patient.trouble(TryLater("503"))
    since = patient.health.report.since
    await patient.trouble(TryLater("502"))
    assert (patient.health.report.since, patient.health.report.reason) == (since, "502")
    await patient.trouble(LoginNeeded("revoked"))
    assert patient.health.report.since > since
    assert [report.state for report in patient.saved] == [HealthState.DOWN, HealthState.DOWN, HealthState.SIGN_IN]


async def test_every_kind_of_open_trouble_ends_with_the_success(patient: Patient) -> None:
    for error in (LoginNeeded("a"), ContractDrift("b"), AccountStopped("c")):
        await patient.trouble(error)
    await patient.success()
    assert patient.told[3:] == ["anna/trakt works again"], "three ends of one account are one message"
    assert patient.health.report.reason == ""


@pytest.mark.parametrize(("failures", "outage"), [(OUTAGE - 1, False), (OUTAGE, True)])
async def test_several_failures_in_a_row_are_an_outage_whose_end_is_told_to_the_queue(
    patient: Patient, failures: int, outage: bool
) -> None:
    for _ in range(failures):
        await patient.trouble(TryLater("503"))
    assert patient.health.in_outage is outage
    assert await patient.success() is outage
    assert patient.health.in_outage is False


async def test_somebody_who_did_something_about_it_is_not_kept_waiting(patient: Patient) -> None:
    await patient.health.trouble(LoginNeeded("revoked"), patient.clock.monotonic(), lambda: 0.5)
    patient.health.try_now()
    assert patient.health.pause(patient.clock.monotonic()) == 0.0
    assert patient.health.report.state is HealthState.SIGN_IN, "until it was tried"
    assert await patient.trouble(LoginNeeded("revoked")) == 30


async def test_the_end_of_the_sign_in_is_remembered_through_trouble(patient: Patient) -> None:
    ends = patient.clock.now() + timedelta(days=7)
    await patient.health.success(ends)
    await patient.trouble(TryLater("503"))
    assert patient.health.report.expires_at == ends
    later = ends + timedelta(days=7)
    await patient.health.success(later)
    assert patient.saved[-1].expires_at == later


async def test_plays_that_need_a_person_are_told_together(patient: Patient) -> None:
    for number in range(5):
        await patient.health.needs_a_person(PlayOutcome.DEAD, f"Harbour Lights S2 E{number}", "refused")
        await patient.alerts.settled()
    await patient.health.needs_a_person(PlayOutcome.UNMATCHED, "Harbour Atlas", "two fit")
    await patient.alerts.settled()
    assert len(patient.told) == 2
    assert "Harbour Lights S2 E0 was not delivered (dead): refused" in patient.texts[0]


@pytest.mark.parametrize("fails", ["save", "memory"])
async def test_a_recovery_that_could_not_be_written_down_is_told_and_saved_by_the_next_success(
    patient: Patient, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    await patient.trouble(LoginNeeded("revoked"))

    async def full(*given: object) -> None:
        raise StoreError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(*((patient.health, "_save") if fails == "save" else (StoredTroubles, "over")), full)
        with pytest.raises(StoreError):
            await patient.success()
    await patient.success()
    assert patient.saved[-1].state is HealthState.OK
    assert patient.told == ["anna/trakt needs you to sign in", "anna/trakt works again"]


async def test_trouble_that_could_not_be_written_down_is_saved_with_the_next_one(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(report: HealthReport) -> None:
        raise StoreError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(patient.health, "_save", full)
        with pytest.raises(StoreError):
            await patient.trouble(LoginNeeded("revoked"))
    await patient.trouble(LoginNeeded("revoked"))
    assert [report.state for report in patient.saved] == [HealthState.SIGN_IN]
    assert len(patient.told) == 1


async def test_an_unknown_end_of_the_sign_in_is_no_news(patient: Patient) -> None:
    await patient.health.success(patient.clock.now() + timedelta(days=7))
    await patient.success()
    assert len(patient.saved) == 1
