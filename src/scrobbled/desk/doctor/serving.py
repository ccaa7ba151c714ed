"""Is ``serve`` running, and do its addresses lead to it."""

from __future__ import annotations

import asyncio
import json
import os

from scrobbled.config import BY_VIEWER
from scrobbled.core.words.checks import Check, ok, problem, skipped, warning
from scrobbled.desk.doctor.bounded import in_thread
from scrobbled.desk.doctor.network import ReachedAddress, reach
from scrobbled.desk.doctor.patient import Patient
from scrobbled.store.file.opening import holder

ANYWHERE = ("", "0.0.0.0", "::")
START = "Start it: scrobbled serve (or its container)."


async def service(patient: Patient) -> list[Check]:
    """The process, its port, and what others see of it."""
    pid = os.getpid() if patient.serving else await in_thread(lambda: holder(patient.database))
    process = _process(pid, serving=patient.serving)
    running = pid is not None
    here, public = await asyncio.gather(_here(patient, running=running), _public(patient, running=running))
    return [process, *here, *public]


def _process(pid: int | None, *, serving: bool) -> Check:
    if pid is None:
        return warning("serve", "Not running on this database, so no webhook is taken.", START, running=False)
    which = "this process" if serving else f"process {pid}" if pid else "another process"
    return ok("serve", f"Running ({which}).", running=True, pid=pid)


async def _here(patient: Patient, *, running: bool) -> list[Check]:
    server = patient.config.server
    host = "127.0.0.1" if server.host in ANYWHERE else server.host
    base = f"http://{f'[{host}]' if ':' in host else host}:{server.port}"
    live = await reach(patient, "port", base, "/health/live", local=True)
    if _is_ours(live):
        ready, webhooks = await asyncio.gather(_ready(patient, base), _webhooks(patient, base, "webhook", local=True))
        return [ready, *webhooks]
    if live.check.figures.get("at") not in ("dns", "connection"):
        text = f"Port {server.port} answers, and it is not scrobbled: another program has it."
        return [problem("port", text, "End that program, or choose another server.port.")]
    if not running:
        return [skipped("port", f"Nothing listens on port {server.port}, as serve is not running.")]
    text = f"serve runs, and port {server.port} takes no connection from here."
    step = "Does it run in another container? Then run doctor there; else its log tells why."
    return [warning("port", text, step)]


def _is_ours(live: ReachedAddress) -> bool:
    try:
        return live.answer is not None and json.loads(live.answer.body) == {"status": "ok"}
    except ValueError:
        return False


async def _ready(patient: Patient, base: str) -> Check:
    """Whether webhooks are stored; a 503 is the answer of a service whose database fails."""
    ready = await reach(patient, "port", base, "/health/ready", local=True)
    if ready.answer is not None and ready.answer.ok:
        return ok("port", f"scrobbled answers on port {patient.config.server.port} and takes webhooks.")
    text = "scrobbled answers, and cannot store webhooks: its database fails."
    return problem("port", text, "See the checks of disk and database, and its log.")


async def _webhooks(patient: Patient, base: str, name: str, *, local: bool = False) -> list[Check]:
    """The address of each source, asked with GET, which is answered by "ready" where it is right."""
    configured = patient.config.sources.items()
    tokens = {source: one.token for source, one in configured if one.token and source not in BY_VIEWER}
    found = await asyncio.gather(
        *(
            reach(patient, f"{name} {source}", base, f"/webhooks/{source}/{token}", local=local)
            for source, token in tokens.items()
        )
    )
    return [_webhook(reached) for reached in found]


def _webhook(reached: ReachedAddress) -> Check:
    name, answer = reached.check.name, reached.answer
    if answer is None:
        return reached.check
    if answer.status == 200 and answer.body.startswith(b"ready"):
        return ok(name, "The webhook's address is right and answers.")
    if answer.status == 404:
        text = "It does not know this webhook's token: it runs with another configuration, or a proxy drops the path."
        return problem(
            name, text, "Run scrobbled config check, as serve takes up nothing with mistakes; check the proxy."
        )
    text = f"The webhook's address answers {answer.status}, and not as scrobbled does."
    return problem(
        name, text, "Check what is in between: a proxy's login page, or another program.", status=answer.status
    )


async def _public(patient: Patient, *, running: bool) -> list[Check]:
    url = patient.config.server.public_url
    if not url:
        return [skipped("public_url", "server.public_url is not set.", "Set it, and alerts have links that work.")]
    live = await reach(patient, "public_url", url, "/health/live")
    if _is_ours(live):
        return [ok("public_url", "Leads to scrobbled."), *await _webhooks(patient, url, "public webhook")]
    if not running and live.check.figures.get("at") == "connection":
        return [skipped("public_url", "Nothing listens there, as serve is not running.")]
    if live.answer is None:
        return [live.check]
    text = f"server.public_url answers {live.answer.status}, and it is not scrobbled."
    return [problem("public_url", text, "Check host, port and path of server.public_url, and the proxy in between.")]
