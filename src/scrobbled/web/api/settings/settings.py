"""``/api/v1/config``: the configuration file, read, checked and changed. Secrets are tokens such as ``••••3`` in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import Response, get, patch, post, put
from litestar.exceptions import ClientException, HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody
from msgspec import Struct, field

from scrobbled.config import json_schema
from scrobbled.config.changing import Append, ConfigEdit, Drop, Put
from scrobbled.config.marks import Path, path_of
from scrobbled.config.problems import Problem
from scrobbled.config.spelling import Data
from scrobbled.core.errors import NotWritten
from scrobbled.desk.desk import Desk
from scrobbled.desk.settings.revisions import Meanwhile
from scrobbled.desk.settings.settings import Document, NotValid, Settings, SettingsSaved, SettingsVerdict
from scrobbled.web.api.rights import ADMIN
from scrobbled.web.requests import AnyRequest

DEEPEST = 12


class SettingsText(Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file. A token of the file as it was read stands for the secret that is there."""

    yaml: str


class Changes(Struct, frozen=True, forbid_unknown_fields=True):
    """Single values by YAML path, such as ``viewers[0].name``; everything else keeps every byte."""

    set: dict[str, Any] = field(default_factory=dict)
    append: dict[str, Any] = field(default_factory=dict)
    """By the path of a list, what to add at its end."""
    remove: list[str] = field(default_factory=list)


class SettingsRefused(Struct, frozen=True):
    """Nothing was saved: what is wrong, each with its path and line."""

    error: str
    problems: tuple[Problem, ...]


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    return [*_looking(desk.settings), *_changing(desk.settings), *_going_back(desk.settings)]


def _looking(settings: Settings) -> list[HTTPRouteHandler]:
    @get("/config", opt=ADMIN, summary="The configuration file without its secrets, and what is in force")
    async def shown() -> Response[Document]:
        document = await settings.document()
        return Response(document, headers=_etag(document.etag))

    @get("/config/schema", summary="The JSON Schema of the configuration", sync_to_thread=False)
    def schema() -> dict[str, Any]:
        return json_schema()

    @post("/config/check", opt=ADMIN, status_code=200, summary="What would become of this text; changes nothing")
    async def check(data: JSONBody[SettingsText]) -> SettingsVerdict:
        return await settings.checked(data.yaml)

    return [shown, schema, check]


def _changing(settings: Settings) -> list[HTTPRouteHandler]:
    @put("/config", opt=ADMIN, summary="Replace the file and put it in force; If-Match must name the one that was read")
    async def replace(request: AnyRequest, data: JSONBody[SettingsText]) -> Response[SettingsSaved | SettingsRefused]:
        expected = _expected(request)
        try:
            return _saved(await settings.save(*await settings.lifted(data.yaml, expected), request.state.caller))
        except (NotValid, NotWritten) as error:
            return _refused(error)

    @patch("/config", opt=ADMIN, summary="Change single values and put the file in force; If-Match as for PUT")
    async def change(request: AnyRequest, data: JSONBody[Changes]) -> Response[SettingsSaved | SettingsRefused]:
        edits, expected = _edits(data), _expected(request)
        try:
            before = await settings.opened()
            if before.etag != expected:
                raise Meanwhile(before.etag)
            return _saved(await settings.save(before, await settings.edited(before, edits), request.state.caller))
        except (NotValid, NotWritten) as error:
            return _refused(error)

    return [replace, change]


def _going_back(settings: Settings) -> list[HTTPRouteHandler]:
    @post("/config/previous", opt=ADMIN, status_code=200, summary="Put back the file as it was before the last change")
    async def back(request: AnyRequest) -> Response[SettingsSaved | SettingsRefused]:
        try:
            return _saved(await settings.put_back(None, request.state.caller))
        except (NotValid, NotWritten) as error:
            return _refused(error)

    @post("/restart", opt=ADMIN, status_code=202, summary="End cleanly and begin again, with what is in the file then")
    async def restart() -> Response[SettingsRefused | None]:
        try:
            await settings.restart()
        except (NotValid, NotWritten) as error:
            text = "The configuration is not valid, so it could not begin again."
            told = (
                SettingsRefused(text, error.found) if isinstance(error, NotValid) else SettingsRefused(str(error), ())
            )
            return Response(told, status_code=409)
        return Response(None, status_code=202)

    return [back, restart]


def _saved(done: SettingsSaved) -> Response[SettingsSaved | SettingsRefused]:
    return Response(done, headers=_etag(done.etag))


def _refused(error: NotValid | NotWritten) -> Response[SettingsSaved | SettingsRefused]:
    if isinstance(error, NotValid):
        text = "The configuration would not be valid, so nothing was saved."
        return Response(SettingsRefused(text, error.found), status_code=422)
    status = 412 if isinstance(error, Meanwhile) else 409
    return Response(SettingsRefused(str(error), ()), status_code=status)


def _etag(text: str) -> dict[str, str]:
    return {"ETag": f'"{text}"'}


def _expected(request: AnyRequest) -> str:
    """What stands in ``If-Match``; without it nobody could tell whether something was overwritten."""
    found = request.headers.get("if-match", "").strip().removeprefix("W/").strip('"')
    if not found:
        raise HTTPException("Send If-Match with the ETag of the configuration that you read.", status_code=428)
    return found


def _edits(data: Changes) -> list[ConfigEdit]:
    return [
        *(Put(_path(path), _data(value)) for path, value in data.set.items()),
        *(Append(_path(path), _data(value)) for path, value in data.append.items()),
        *(Drop(_path(path)) for path in data.remove),
    ]


def _path(text: str) -> Path:
    try:
        return path_of(text)
    except ValueError:
        raise ClientException(f"{text[:60]} is no path; it should look like viewers[0].name.") from None


def _data(value: Any, depth: int = 0) -> Data:
    """JSON's numbers and switches as they are written in YAML."""
    if depth > DEEPEST:
        raise ClientException("A value is nested too deeply.")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"{value:g}" if isinstance(value, float) else str(value)
    if isinstance(value, Mapping):
        return {str(key): _data(part, depth + 1) for key, part in value.items()}
    return [_data(part, depth + 1) for part in value] if isinstance(value, list) else value
