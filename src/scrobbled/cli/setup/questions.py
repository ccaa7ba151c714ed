"""What is asked, in the order of the page; each answer is carried out by what the page asks as well (``desk``)."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Protocol, TypeVar

from scrobbled.cli.common import say
from scrobbled.cli.setup.dialogue import Dialogue
from scrobbled.config import NAMELESS, Config, ViewerConfig
from scrobbled.core.errors import ConfigError, NotWritten
from scrobbled.core.naming.names import name
from scrobbled.core.services import service
from scrobbled.core.words.outcomes import told
from scrobbled.desk import words
from scrobbled.desk.beginning.beginning import LABELS, is_secret
from scrobbled.desk.beginning.guided import Guided
from scrobbled.desk.libraries.libraries import AccountLibraries
from scrobbled.desk.settings.starting import SetupStep
from scrobbled.desk.sign_in import WAYS, SignInProgress, SignInState, asked_for
from scrobbled.desk.sources import guides
from scrobbled.runtime.service import Runtime
from scrobbled.sources import SOURCES
from scrobbled.trackers import TRACKERS

T = TypeVar("T")
LOOK_EVERY = 0.2
LEFT = {
    SetupStep.PASSWORD: "a password for the page",
    SetupStep.YOU: "who watches",
    SetupStep.TRACKERS: "a tracker for what is watched",
    SetupStep.SERVER: "a media server that reports",
    SetupStep.EVENT: "the first event of it",
}


class DeskRunner(Protocol):
    """Runs something of ``desk`` to its end."""

    def __call__(self, work: Coroutine[Any, Any, T], /) -> T: ...


class SetupQuestions:
    """``elsewhere`` also asks for addresses, where services are not where they usually are."""

    def __init__(
        self, guided: Guided, runtime: Runtime, dialogue: Dialogue, carry: DeskRunner, *, elsewhere: bool = False
    ) -> None:
        self._guided, self._runtime, self._dialogue, self._carry = guided, runtime, dialogue, carry
        self._elsewhere = elsewhere

    @property
    def _config(self) -> Config:
        return self._runtime.config

    def ask_all(self) -> None:
        say(f"This writes {self._config.path}. An empty answer leaves a question for later; Ctrl-C ends.")
        for ask in (self._password, self._people, self._trackers, self._servers, self._libraries, self._pairs):
            ask()

    def conclude(self) -> None:
        """What is left to do, and what comes next."""
        story = self._carry(self._guided.beginning.story())
        left = [text for step, text in LEFT.items() if step not in story.done]
        if story.unsaved is not None:
            say(f"{story.unsaved.why} Save these lines as {story.unsaved.path} yourself:\n\n{story.unsaved.yaml}")
        say(f"Left for later: {words.joined(left)}." if left else "All is set up.")
        if left:
            say("scrobbled setup goes on from there, and so does the page.")
        if SetupStep.EVENT not in story.done:
            say("scrobbled serve runs it all; a running one has taken this up by itself.")

    # Who may open the page, and who watches

    def _password(self) -> None:
        if self._config.server.login is not None:
            return
        self._dialogue.heading("A password for the page")

        def ask() -> bool:
            first = self._dialogue.secret("Password, of at least 8 characters (empty: later)")
            if not first:
                return False
            if self._dialogue.secret("Repeat the password") != first:
                raise ConfigError(["The two passwords are not the same. Type it once more."])
            username = self._dialogue.line("User name", "admin")
            self._carry(self._guided.beginning.set_login(username, first))
            return True

        self._until_it_works(ask)

    def _people(self) -> None:
        self._dialogue.heading("Who watches?")

        def ask() -> bool:
            there = [viewer.name for viewer in self._config.viewers]
            if there:
                say(f"Here already: {', '.join(there)}.")
            named = self._dialogue.line("Another person (empty: go on)" if there else "Your name (empty: later)")
            if named:
                self._carry(self._guided.beginning.add_viewer(named))
            return bool(named)

        while self._until_it_works(ask):
            pass

    # Trackers, and signing in to them

    def _trackers(self) -> None:
        for viewer in self._names():
            self._sign_in_to_those_there(viewer)
            while self._add_tracker(viewer):
                pass

    def _names(self) -> list[str]:
        return [viewer.name for viewer in self._config.viewers]

    def _sign_in_to_those_there(self, viewer: str) -> None:
        for story in self._carry(self._guided.signing.listed()):
            if story.viewer != viewer or story.signed_in or self._opens_by_itself(viewer, story.tracker):
                continue
            if self._dialogue.agrees(f"Sign {viewer} in to {name(story.tracker)} now?"):
                self._until_it_works(lambda tracker=story.tracker: self._sign_in(viewer, tracker))  # type: ignore[misc]

    def _opens_by_itself(self, viewer: str, tracker: str) -> bool:
        """By a password or token in the file."""
        settings = self._viewer(viewer).trackers[tracker]
        return any(settings.get(key) for key in ("password", "token"))

    def _viewer(self, named: str) -> ViewerConfig:
        found = self._config.viewer(named)
        assert found is not None
        return found

    def _sign_in(self, viewer: str, tracker: str) -> bool:
        typed = self._typed_secrets(tracker, self._viewer(viewer).trackers[tracker])
        self._carry(self._guided.signing.forget(viewer, tracker))
        return self._follow(viewer, tracker, self._carry(self._guided.signing.begin(viewer, tracker, typed)))

    def _add_tracker(self, viewer: str) -> bool:
        """Whether one was added, so that there may be another."""
        there = self._viewer(viewer).trackers
        others = [one for one, entry in TRACKERS.items() if entry.signs_in and one not in there and one in WAYS]
        if not others:
            return False
        self._dialogue.heading(f"Where {viewer} keeps what they watch")
        choice = self._dialogue.one_of("Add", [_offered(one) for one in others])
        if choice is None:
            return False
        tracker = others[choice]
        self._until_it_works(lambda: self._added(viewer, tracker))
        return True

    def _added(self, viewer: str, tracker: str) -> bool:
        typed = dict(self._typed(viewer, tracker))
        typed |= self._typed_secrets(tracker, typed)
        return self._follow(viewer, tracker, self._carry(self._guided.beginning.add_tracker(viewer, tracker, typed)))

    def _typed(self, viewer: str, tracker: str) -> Iterator[tuple[str, str]]:
        for key in service(tracker).typed:
            ask = self._dialogue.secret if is_secret(tracker, key) else self._dialogue.line
            yield key, ask(LABELS[key])
        for key in self._guided.beginning.may_say(tracker, elsewhere=self._elsewhere):
            usual = viewer if key == "account" else ""
            yield (
                key,
                self._dialogue.line(f"{LABELS[key].format(viewer=viewer)}{'' if usual else ' (may be empty)'}", usual),
            )

    def _typed_secrets(self, tracker: str, settings: Any) -> dict[str, str]:
        typed: dict[str, str] = {}
        for asked in asked_for(WAYS[tracker], settings):
            if asked.hint:
                say(asked.hint)
            typed[asked.key] = (self._dialogue.secret if asked.secret else self._dialogue.line)(asked.label)
        return typed

    def _follow(self, viewer: str, tracker: str, progress: SignInProgress) -> bool:
        """Until the sign-in is over; shows the code at once."""
        if progress.code is not None:
            say(f"Open this page, and agree there:\n{progress.code.link or progress.code.url}")
            if progress.code.code:
                say(f"It asks for this code:\n{progress.code.code}")
            say(f"Waiting up to {progress.code.lasts // 60} minutes …")
            progress = self._carry(self._ended(viewer, tracker))
        if progress.state is not SignInState.DONE:
            raise ConfigError([told(progress.text)])
        say(f"Signed in to {name(tracker)} for {viewer}" + (f" as {progress.text}." if progress.text else "."))
        return True

    async def _ended(self, viewer: str, tracker: str) -> SignInProgress:
        while True:
            story = await self._guided.signing.story(viewer, tracker)
            if story.step in (SignInState.DONE, SignInState.OVER):
                return SignInProgress(SignInState(story.step), text=story.text)
            await asyncio.sleep(LOOK_EVERY)

    # Media servers

    def _servers(self) -> None:
        while True:
            self._dialogue.heading("What do you watch on?")
            names = [one for one in SOURCES if one not in NAMELESS and one not in self._config.sources]
            if there := [SOURCES[one].setup.title for one in SOURCES if one in self._config.sources]:
                say(f"Here already: {', '.join(there)}.")
            choice = self._dialogue.one_of("Connect", [SOURCES[one].setup.title for one in names]) if names else None
            if choice is None:
                return
            source = names[choice]
            self._until_it_works(lambda source=source: self._connected(source))  # type: ignore[misc]

    def _connected(self, source: str) -> bool:
        self._carry(self._guided.connecting.add(source))
        guide = guides.guide(self._config, source)
        say(f"{guide.title} reports to:\n{guide.url}")
        for number, step in enumerate(guide.steps, 1):
            say(f"{number}. {step}")
        say(f"scrobbled webhook {source} prints all of this again.")
        return True

    # Libraries and pairs

    def _libraries(self) -> None:
        for account in self._guided.libraries.accounts():
            found = self._carry(self._guided.libraries.of(account))
            if found.error:
                say(f"{account[0]} at {name(account[1])}: {found.error}")
            elif found.libraries:
                self._dialogue.heading(f"Libraries of {account[0]} at {name(account[1])}")
                self._until_it_works(lambda found=found: self._choose(found))  # type: ignore[misc]

    def _choose(self, found: AccountLibraries) -> bool:
        for number, one in enumerate(found.libraries, 1):
            say(f"  {number}  {one.name}, {one.count}{'' if one.chosen else ', left out'}")
        typed = self._dialogue.line(
            "Those that count, by number or name with commas between; all (empty: as it is, "
            f"{'all' if found.all else 'those that are not left out'})"
        )
        if not typed:
            return False
        parts = [one.strip() for one in typed.split(",") if one.strip()]
        names = [found.libraries[int(one) - 1].name if _is_place(one, found) else one for one in parts]
        self._carry(
            self._guided.libraries.choose((found.viewer, found.tracker), None if typed.casefold() == "all" else names)
        )
        return True

    def _pairs(self) -> None:
        for viewer, between in self._guided.beginning.possible_pairs():
            self._dialogue.heading("What one of two lacks")
            if self._dialogue.agrees(
                f"Compare every 15 minutes, and keep {' and '.join(map(name, between))} of {viewer} in step?"
            ):
                self._carry(self._guided.beginning.add_pair(viewer, between))
                pair = ["--viewer", viewer, "--pair", ",".join(between)]
                say(f"To look first at what it would do: {shlex.join(['scrobbled', 'sync', '--dry-run', *pair])}")

    def _until_it_works(self, ask: Callable[[], bool]) -> bool:
        """Ask once more where an answer was wrong; what ``ask`` says in the end, or no for "later"."""
        while True:
            try:
                return ask()
            except (ConfigError, NotWritten) as error:
                say(str(error))
                if not self._dialogue.agrees("Once more?"):
                    return False


def _is_place(text: str, found: AccountLibraries) -> bool:
    return text.isdecimal() and 1 <= int(text) <= len(found.libraries)


def _offered(tracker: str) -> str:
    return f"{name(tracker)}{', a library' if TRACKERS[tracker].can().is_library else ''}"
