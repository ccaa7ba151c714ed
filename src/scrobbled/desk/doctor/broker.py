"""Does the broker of the sensors let us in; of no interest where there is none."""

from __future__ import annotations

from scrobbled.core.errors import LoginNeeded, TrackerError
from scrobbled.core.words.checks import Check, ok, problem, skipped, warning
from scrobbled.desk.doctor.patient import Patient
from scrobbled.sinks.mqtt import Broker, Supervisor
from scrobbled.sinks.mqtt.brokers import configured

NAME = "sensors' broker"
LATER = "Plays are taken and delivered without it. It is tried again every five minutes at least."


async def broker(patient: Patient) -> list[Check]:
    """Under a name of its own, so that the connection of a running service is left alone."""
    settings, supervisor = patient.config.sinks.mqtt, Supervisor(patient.environ, patient.transport)
    if settings.enabled is False or not (settings.url or supervisor):
        return []
    patient.redactor.add(supervisor.token)
    try:
        found = configured(settings) or await supervisor.broker()
        if found is None:
            return [skipped(NAME, "Home Assistant has no MQTT broker, and need not have one.")]
        return [await _let_in(patient, found)]
    except LoginNeeded as error:
        return [problem(NAME, f"Not asked: {error.reason}.", "Restart the app, so that it gets a new right to ask.")]
    except TrackerError as error:
        return [warning(NAME, f"Not found: {error.reason}.", LATER)]


async def _let_in(patient: Patient, found: Broker) -> Check:
    from scrobbled.sinks.mqtt.line import tried

    if found.password:
        patient.redactor.add(found.password)
    try:
        await tried(found, f"{patient.config.sinks.mqtt.topic}-doctor")
    except LoginNeeded as error:
        step = "Check username and password under sinks.mqtt, and the user's rights at the broker."
        return problem(NAME, f"Not let in: {error.reason}.", step, tls=found.tls)
    except TrackerError as error:
        return warning(NAME, f"{error.reason[:1].upper()}{error.reason[1:]}.", LATER, tls=found.tls)
    return ok(NAME, "The broker lets us in.", tls=found.tls)
