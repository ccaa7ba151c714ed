"""What only several values together can show to be wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from scrobbled.config.charting import charted
from scrobbled.config.model import fold
from scrobbled.config.people import BY_VIEWER
from scrobbled.config.problems import Problems, join
from scrobbled.config.trackers import contradictions
from scrobbled.config.viewing import ASKED, DIRECTIONS, LISTENED
from scrobbled.core.services import service
from scrobbled.core.words.meant import meant

Values = Mapping[str, Any]
AlertCheck = Callable[[str], bool]
"""Whether an Apprise URL can be used; costly, so only ``config check`` passes one."""


class Checks:
    """Works on values as they were read: what was wrong by itself is missing here, and is not reported again."""

    def __init__(self, values: Values, lines: Mapping[str, int], problems: Problems) -> None:
        self._values = values
        self._lines = lines
        self._problems = problems

    def run(self, alert_is_usable: AlertCheck | None = None) -> None:
        self._sources()
        self._viewer_names()
        for at, viewer in enumerate(self._viewers()):
            self._accounts(viewer, f"viewers[{at}].accounts")
            self._trackers(viewer, f"viewers[{at}].trackers")
            self._pairs(viewer, f"viewers[{at}]")
        self._alerts(alert_is_usable)
        for path, text in charted(self._values):
            self._add(path, text)

    def _viewers(self) -> Sequence[Values]:
        found: Sequence[Values] = self._values.get("viewers", ())
        return found

    def _add(self, path: str, text: str) -> None:
        """At the line of ``path``, or of the nearest thing around it that was written."""
        around = path
        while around and around not in self._lines:
            around = around[: max(around.rfind("."), around.rfind("["), 0)]
        self._problems.add(path, self._lines.get(around, 0), text)

    def _sources(self) -> None:
        first: dict[str, str] = {}
        for name, source in self._values.get("sources", {}).items():
            path = f"sources.{name}"
            self._needs_token(name, source, path)
            for place, token in _tokens(source, path):
                if token in first:
                    self._add(place, f"the same token as {first[token]}; each needs its own")
                first.setdefault(token, place)

    def _needs_token(self, name: str, source: Values, path: str) -> None:
        given = {key for key in ("token", "tokens") if source.get(key) or self._problems.about(f"{path}.{key}")}
        if name not in BY_VIEWER and source.get("tokens"):
            self._add(f"{path}.tokens", f"only {', '.join(BY_VIEWER)} has several tokens; write token")
        if name not in BY_VIEWER and source.get("pass_on"):
            self._add(f"{path}.pass_on", f"only {', '.join(BY_VIEWER)} can pass on what is playing; remove it here")
        self._asked(name, source, path)
        if name not in BY_VIEWER and not given and source.get("mode") != "live" and not self._problems.about(path):
            self._add(
                f"{path}.token", "is missing. The secret in the webhook's URL; take a random one of 32 characters"
            )
        names = {fold(viewer["name"]) for viewer in self._viewers() if "name" in viewer}
        for viewer in source.get("tokens", {}):
            if fold(viewer) not in names:
                self._add(join(f"{path}.tokens", viewer), f"no viewer has this name; {meant(viewer, sorted(names))}")

    def _asked(self, name: str, source: Values, path: str) -> None:
        """What only some media servers can be asked, and with which means."""
        if source.get("catch_up") is not None and name not in ASKED:
            self._add(f"{path}.catch_up", f"only {', '.join(ASKED)} can be asked; remove it here")
        like, needed = service(name).address, service(name).needs
        if source.get("url") and like.startswith("ws") != source["url"].startswith("ws"):
            self._add(f"{path}.url", f"is no address of {name}; write it like {like}")
        if source.get("mode") is not None and name not in LISTENED:
            self._add(f"{path}.mode", f"only {' and '.join(LISTENED)} can be listened to; remove it here")
        elif source.get("mode") in ("live", "both"):
            lacking = [key for key in needed if not (source.get(key) or self._problems.about(f"{path}.{key}"))]
            if lacking:
                self._add(f"{path}.mode", f"to listen to the server, {' and '.join(lacking)} must be set as well")

    def _viewer_names(self) -> None:
        first: dict[str, int] = {}
        for at, viewer in enumerate(self._viewers()):
            name = fold(viewer.get("name", ""))
            if name and name in first:
                self._add(f"viewers[{at}].name", f"viewers[{first[name]}] has this name already; names must differ")
            first.setdefault(name, at)

    def _accounts(self, viewer: Values, path: str) -> None:
        configured = self._values.get("sources", {})
        for source in viewer.get("accounts", {}):
            if source not in configured and source not in viewer.get("trackers", {}):
                self._add(f"{path}.{source}", f"{source} is not configured; add it under sources or remove it here")

    def _trackers(self, viewer: Values, path: str) -> None:
        for name, settings in viewer.get("trackers", {}).items():
            for key, text in contradictions(settings):
                self._add(f"{path}.{name}.{key}", text)

    def _pairs(self, viewer: Values, path: str) -> None:
        seen: dict[frozenset[str], str] = {}
        for at, pair in enumerate(viewer.get("pairs", ())):
            place = f"{path}.pairs[{at}]"
            if "between" not in pair or not self._is_a_pair(pair["between"], viewer, f"{place}.between"):
                continue
            both = frozenset(pair["between"])
            if both in seen:
                self._add(f"{place}.between", f"the same two as {seen[both]}; write one entry for both")
            seen.setdefault(both, place)
            self._directions(pair, place)
            self._when(pair, place)

    def _is_a_pair(self, between: Sequence[str], viewer: Values, path: str) -> bool:
        trackers = viewer.get("trackers", {})
        if len(between) != 2 or between[0] == between[1]:
            self._add(path, "must be two different trackers, like [trakt, serializd]")
            return False
        strange = [name for name in between if name not in trackers]
        for name in strange:
            self._add(path, f'"{name}" is not a tracker of this viewer; {meant(name, trackers)}')
        return not strange

    def _directions(self, pair: Values, path: str) -> None:
        a, b = pair["between"]
        allowed = ("off", "both", f"{a}-to-{b}", f"{b}-to-{a}")
        for kind in DIRECTIONS:
            if pair.get(kind, "off") not in allowed:
                self._add(f"{path}.{kind}", f'"{pair[kind]}" is not a direction here; write {", ".join(allowed)}')
        settled = (f"{a}-wins", f"{b}-wins", "newest-wins", "ask")
        if pair.get("conflict", "ask") not in settled:
            self._add(f"{path}.conflict", f'"{pair["conflict"]}" is not possible here; write {", ".join(settled)}')

    def _when(self, pair: Values, path: str) -> None:
        if "every" in pair and "schedule" in pair:
            self._add(f"{path}.schedule", "every is given as well; keep one of the two")

    def _alerts(self, is_usable: AlertCheck | None) -> None:
        names = {fold(viewer["name"]) for viewer in self._viewers() if "name" in viewer}
        for at, address in enumerate(self._values.get("alerts", {}).get("urls", ())):
            path = f"alerts.urls[{at}]"
            if is_usable and "url" in address and not is_usable(address["url"]):
                self._add(path, "Apprise does not understand this URL; see its list of services")
            for number, viewer in enumerate(address.get("viewers", ())):
                if fold(viewer) not in names:
                    text = f'no viewer is called "{viewer}"; {meant(viewer, sorted(names))}'
                    self._add(f"{path}.viewers[{number}]", text)


def _tokens(source: Values, path: str) -> Iterator[tuple[str, str]]:
    if "token" in source:
        yield f"{path}.token", source["token"]
    for viewer, token in source.get("tokens", {}).items():
        yield join(f"{path}.tokens", viewer), token
