"""``scrobbled setup``: the questions of the first start in a terminal, each of which can wait until later."""

from __future__ import annotations

import asyncio
import os
import sys

from scrobbled.cli.common import configured, learn, loop_runner, redactor, say
from scrobbled.cli.ending import INTERRUPTED
from scrobbled.cli.setup.dialogue import Dialogue, NobodyAnswers
from scrobbled.cli.setup.questions import SetupQuestions
from scrobbled.config import Config
from scrobbled.desk.beginning.guided import Guided
from scrobbled.desk.settings import starting
from scrobbled.plumbing import log
from scrobbled.runtime.service import Runtime, build

NO_TERMINAL = (
    "scrobbled setup asks questions, so it wants a terminal (in a container: docker exec -it). Without one, open the "
    "page that scrobbled serve shows, or write the file as config/scrobbled.example.yaml has it."
)


def setup(path: str | None, *, elsewhere: bool) -> int:
    """0 when all was asked, 130 after Ctrl-C; what was answered until then is written."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        say(NO_TERMINAL, err=True)
        return 2
    place = starting.place(path, os.environ)
    config = configured(path) if place is None else starting.first(place, os.environ)
    log.set_up("error", "text", redactor())
    with loop_runner() as runner:
        runtime = runner.run(_built(config))
        try:
            return _asked(runner, runtime, Dialogue(), elsewhere=elsewhere)
        finally:
            runner.run(runtime.aclose())


async def _built(config: Config) -> Runtime:
    """It leads people and writes the file, as the page does, and delivers nothing: that is for ``serve``."""
    runtime = build(config, redactor=redactor(), by_clock=False)
    await learn(runtime.store)
    runtime.stop()
    return runtime


def _asked(runner: asyncio.Runner, runtime: Runtime, dialogue: Dialogue, *, elsewhere: bool) -> int:
    questions = SetupQuestions(Guided(runtime), runtime, dialogue, runner.run, elsewhere=elsewhere)
    code = 0
    try:
        questions.ask_all()
    except NobodyAnswers:
        say("")
    except KeyboardInterrupt:
        say("\n")
        code = INTERRUPTED
    questions.conclude()
    return code
