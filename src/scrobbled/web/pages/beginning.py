"""The first start: five steps from nothing to the first event. Each can be left, and gone on with later."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping

import structlog
from litestar import get, post
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template
from msgspec import Struct

from scrobbled.config import BY_VIEWER, NAMELESS
from scrobbled.core.errors import ConfigError, NotWritten
from scrobbled.desk import words
from scrobbled.desk.caller import Caller
from scrobbled.desk.desk import Desk
from scrobbled.desk.settings.starting import SetupStep
from scrobbled.desk.sign_in import SignInState
from scrobbled.sources import SOURCES
from scrobbled.web.door.access import COOKIE, Access
from scrobbled.web.door.headers import cookies
from scrobbled.web.door.sessions import TooSoon
from scrobbled.web.door.signed_in import SignedIn
from scrobbled.web.pages import door, forms, shell
from scrobbled.web.pages.sign_in.trackers import way_to
from scrobbled.web.pages.sources import connecting
from scrobbled.web.requests import AnyRequest
from scrobbled.web.view import sign_in

LABELS = {"password": "Password", "you": "You", "trackers": "Trackers", "server": "Server", "event": "Event"}
log = structlog.get_logger("web")


class StepMark(Struct, frozen=True):
    """One of the five on the line above. ``path`` is empty where one cannot go yet."""

    label: str
    done: bool
    current: bool
    path: str


def handlers(desk: Desk, access: Access, signed_in: SignedIn) -> list[HTTPRouteHandler]:
    return [*_way(desk), *_steps(desk, access, signed_in), *_code(access, signed_in)]


def _way(desk: Desk) -> list[HTTPRouteHandler]:
    @get("/start")
    async def start(request: AnyRequest) -> Redirect:
        story = await desk.guided.beginning.story()
        return shell.to(request, f"start/{story.next or 'event'}")

    @get("/start/{step:str}")
    async def step(
        request: AnyRequest,
        step: FromPath[str],
        fragment: FromQuery[str | None] = None,
        source: FromQuery[str | None] = None,
        said: FromQuery[str | None] = None,
    ) -> Template | Redirect:
        if step == "event" and fragment:
            return await _event(request, desk, source, "beginning/event_parts.html")
        if step == "event":
            return await _event(request, desk, source, "beginning/event.html", connecting.SAID.get(said or "", ""))
        return await _page(request, desk, step)

    return [start, step]


def _steps(desk: Desk, access: Access, signed_in: SignedIn) -> list[HTTPRouteHandler]:
    @post("/start/{step:str}")
    async def act(request: AnyRequest, step: FromPath[str]) -> Template | Redirect:
        if step not in FORMS:
            raise NotFoundException("There is no such step.")
        form = await forms.form(request)
        typed = {key: str(value) for key, value in form.items() if isinstance(value, str)}
        try:
            place = await FORMS[step](desk, typed)
        except (ConfigError, NotWritten) as error:
            return await _page(request, desk, WHERE.get(step, step), error=str(error), typed=typed)
        if step != "password":
            return shell.to(request, place)
        session = access.sessions.begin()  # a new login ends the session by which it was set
        await signed_in.keep()
        log.info("the page has a login now", action="start", address=request.state.caller.address)
        return shell.to(request, place, cookie=door.cookie(request.state.caller, session))

    @post("/start/tracker/{tracker:str}")
    async def track(request: AnyRequest, tracker: FromPath[str]) -> Template | Redirect:
        form = await forms.form(request)
        typed = {key: str(value) for key, value in form.items() if isinstance(value, str)}
        viewer = typed.pop("viewer", "")
        try:
            progress = await desk.guided.beginning.add_tracker(viewer, tracker, typed)
        except (ConfigError, NotWritten) as error:
            return await _page(request, desk, "trackers", error=str(error), typed=typed, at=tracker)
        if progress.state is SignInState.OVER:
            said = sign_in.sentence(progress.text)
            return await _page(request, desk, "trackers", error=said, typed=typed, at=tracker)
        story = await desk.guided.signing.story(viewer, tracker)
        return shell.to(
            request, f"{way_to(story)}?start=1" if progress.state is SignInState.WAITING else "start/trackers"
        )

    return [act, track]


async def _password(desk: Desk, typed: Mapping[str, str]) -> str:
    chosen = typed.get("password", "")
    if chosen != typed.get("again", chosen):
        raise ConfigError(["The two passwords are not the same. Type it once more."])
    await desk.guided.beginning.set_login(typed.get("username", ""), chosen)
    return "start/you"


async def _you(desk: Desk, typed: Mapping[str, str]) -> str:
    await desk.guided.beginning.add_viewer(typed.get("name", ""))
    return "start/trackers"


async def _server(desk: Desk, typed: Mapping[str, str]) -> str:
    source = typed.get("source", "")
    if source in BY_VIEWER and source not in desk.config.sources and len(desk.config.viewers) > 1:
        return f"set-up/{source}"  # where it is asked whose it is
    await desk.guided.beginning.add_source(source)
    return f"start/event?source={source}"


async def _pair(desk: Desk, typed: Mapping[str, str]) -> str:
    a, _, b = typed.get("between", "").partition(",")
    await desk.guided.beginning.add_pair(typed.get("viewer", ""), (a, b))
    return "start/trackers"


FORMS: Mapping[str, Callable[[Desk, Mapping[str, str]], Awaitable[str]]] = {
    "password": _password,
    "you": _you,
    "server": _server,
    "pair": _pair,
}
"""By step, or what belongs to one: what carries its form out, and tells where to go then."""


WHERE = {"pair": "trackers"}
"""The step to which a form belongs, where that is another."""


def _code(access: Access, signed_in: SignedIn) -> list[HTTPRouteHandler]:
    """For whoever comes from another machine before there is a login: the code that stands in our log."""

    @get("/start/code", sync_to_thread=False)
    def ask(request: AnyRequest) -> Template | Redirect:
        caller: Caller = request.state.caller
        if not access.takes_code or caller.is_local or access.is_signed_in(request.scope):
            return shell.to(request, "start")
        return shell.bare(request, "beginning/code.html", error="")

    @post("/start/code")
    async def enter(request: AnyRequest) -> Template | Redirect:
        caller: Caller = request.state.caller
        form = await forms.form(request)
        if not access.takes_code:
            return shell.to(request, "start")
        typed = str(form.get("code", ""))[:64]
        try:
            does_fit = await access.attempts.tried(caller.address, lambda: access.knows_code(typed))
        except TooSoon as error:
            seconds = words.plural(math.ceil(error.seconds), "second")
            return _refused(request, f"Too many wrong tries. Wait {seconds}.", 429)
        if not does_fit:
            log.warning("code refused", action="start", address=caller.address)
            return _refused(request, "That is not the code printed in the log of this start.", 401)
        access.sessions.end(cookies(request.scope, COOKIE))
        session = access.sessions.begin()
        await signed_in.keep()
        return shell.to(request, "start", cookie=door.cookie(caller, session))

    return [ask, enter]


def _refused(request: AnyRequest, error: str, status: int) -> Template:
    return shell.bare(request, "beginning/code.html", status=status, error=error)


async def _page(
    request: AnyRequest, desk: Desk, step: str, *, error: str = "", typed: Mapping[str, str] | None = None, at: str = ""
) -> Template:
    if step not in LABELS:
        raise NotFoundException("There is no such step.")
    config, caller = desk.config, request.state.caller
    story = await desk.guided.beginning.story()
    rows = [sign_in.shown(one, desk.now()) for one in await desk.guided.signing.listed()]
    unready = {(row.viewer, row.tracker) for row in rows if row.face in ("waiting", "over")}
    context = {
        "step": step,
        "marks": _marks(story.done, step),
        "unsaved": story.unsaved,
        "file": story.file,
        "has_login": config.server.login is not None,
        "may_skip": caller.is_local or caller.is_ingress,
        "viewers": [viewer.name for viewer in config.viewers],
        "rows": [(row, way_to(row)) for row in rows],
        "sources": [
            (name, SOURCES[name].setup.title, name in config.sources) for name in SOURCES if name not in NAMELESS
        ],
        "added": bool(config.sources),
        "pairs": [
            (viewer, between, words.joined([words.name(one) for one in between]))
            for viewer, between in desk.guided.beginning.possible_pairs()
            if not any((viewer, name) in unready for name in between)
        ],
        "error": error,
        "typed": {key: (typed or {}).get(key, "") for key in KEPT},
        "at": at,
    }
    return shell.bare(request, f"beginning/{step}.html", status=400 if error else 200, **context)


async def _event(
    request: AnyRequest, desk: Desk, source: str | None, template: str, said: str = ""
) -> Template | Redirect:
    sources = list(desk.config.sources)
    if not sources:
        return shell.to(request, "start/server")
    chosen = source if source in sources else sources[-1]
    story = await desk.guided.beginning.story()
    context = await connecting.facts(request, desk, chosen)
    context |= {
        "step": "event",
        "marks": _marks(story.done, "event"),
        "unsaved": story.unsaved,
        "file": story.file,
        "others": [(name, SOURCES[name].setup.title) for name in sources if name != chosen and name in SOURCES],
        "said": said,
        "back": "start/event",
    }
    return shell.bare(request, template, **context)


def _marks(done: tuple[str, ...], current: str) -> list[StepMark]:
    """One may go back to all that is done, and to the first that is not."""
    following = next((str(step) for step in SetupStep if str(step) not in done), "")
    return [
        StepMark(LABELS[step], step in done, step == current, f"start/{step}" if step in (*done, following) else "")
        for step in map(str, SetupStep)
    ]


KEPT = ("username", "name", "email", "client_id", "url", "auth_url", "account", "home_user", "account_url")
"""What was typed and stands in the form again; secrets are typed anew."""
