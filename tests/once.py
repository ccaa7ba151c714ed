"""What every test would work out anew and in the same way, worked out once in a process.

Tests make the schema a thousand times and the application some hundred times. Both come out the same each time, as
they depend on our code alone. The drills start the real program, in which none of this is in place.
"""

from __future__ import annotations

import functools
import gc
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from types import CodeType
from typing import Any

PLAIN = (str, int, float, bool, type(None))


def install() -> None:
    """When everything is imported that the tests at hand need: nothing is imported for this alone."""
    if "scrobbled.store.file.opening" in sys.modules:
        _the_schema(sys.modules["scrobbled.store.file.opening"])
        _no_wait_for_the_disk(sys.modules["scrobbled.store.file.opening"])
    if "scrobbled.web.app" in sys.modules:
        _the_handlers()
        _the_templates(sys.modules["scrobbled.web.templating"])
    gc.collect()
    gc.freeze()  # what was imported stays to the end, and need not be looked through again and again


def _the_schema(opening: Any) -> None:
    """A new file still goes the whole way; only what is filled in was made by the migrations for an earlier file."""
    fill, made = opening._fill, {}

    @functools.wraps(fill)
    def filled(draft: Path) -> None:
        steps = tuple(opening.migrations.names)
        if steps in made:
            draft.write_bytes(made[steps])
        else:
            fill(draft)
            made[steps] = draft.read_bytes()

    opening._fill = filled


def _no_wait_for_the_disk(opening: Any) -> None:
    """No test here cuts the power. The fixture ``durable`` takes this back, and a program that is started has none."""
    connect = opening._connect

    @functools.wraps(connect)
    def connected(path: Path) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(path)
        connection.execute("PRAGMA synchronous = OFF")
        return connection

    opening._connect = connected


def _the_handlers() -> None:
    """What Litestar finds out about a handler: two thirds of what an application costs. Handlers are not shared."""
    from litestar import Router
    from litestar._signature import SignatureModel
    from litestar.utils.signature import ParsedSignature

    ParsedSignature.from_fn = _remembered(ParsedSignature.from_fn, _of_function)  # type: ignore[method-assign]
    SignatureModel.create = _remembered(SignatureModel.create, _of_model)  # type: ignore[method-assign]
    # it copies a router, which might serve two applications; ours are made for one
    Router.__deepcopy__ = lambda router, memo: router  # type: ignore[attr-defined]
    whole = Router.route_handler_method_map.fget
    Router.route_handler_method_map = property(lambda router: _ByPath(router, whole))  # type: ignore[assignment]


def _remembered(work: Callable[..., Any], key_of: Callable[..., Any]) -> Any:
    """``work``, asked once for each key; what has ``None`` for a key is asked each time."""
    answers: dict[Any, Any] = {}

    @functools.wraps(work)
    def answer(*given: Any, **named: Any) -> Any:
        key = key_of(*given, **named)
        if key is None:
            return work(*given, **named)
        if key not in answers:
            # kept with what was asked, so that no id in the key can become that of something else
            answers[key] = work(*given, **named), given, named
        return answers[key][0]

    return answer


def _of_function(fn: Any, signature_namespace: dict[str, Any]) -> Any:
    """The code says it all where annotations are text and defaults are plain: no closure changes either."""
    code, annotations = getattr(fn, "__code__", None), getattr(fn, "__annotations__", {})
    defaults = (*(getattr(fn, "__defaults__", None) or ()), *(getattr(fn, "__kwdefaults__", None) or {}).values())
    if code is None or not all(isinstance(text, str) for text in annotations.values()):
        return None
    if not all(isinstance(value, PLAIN) for value in defaults):
        return None
    names = tuple((name, id(value)) for name, value in signature_namespace.items())
    return code, fn.__module__, tuple((type(value), value) for value in defaults), names


def _of_model(
    dependency_name_set: set[str], fn: Any, parsed_signature: Any, type_decoders: Any, data_dto: Any = None
) -> Any:
    decoders = tuple(id(part) for decoder in type_decoders or () for part in decoder)
    return id(parsed_signature), fn.__name__, frozenset(dependency_name_set), decoders, data_dto


class _ByPath:
    """A router's handlers by path. It is asked for one path at a time, for which the others need not be gathered."""

    def __init__(self, router: Any, whole: Any) -> None:
        self._router, self._whole = router, whole

    def get(self, path: str, default: Any) -> Any:
        if all(route.path != path for route in self._router.routes):
            return default
        return self._whole(self._router)[path]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._whole(self._router), name)


def _the_templates(templating: Any) -> None:
    """Each application compiles its templates, unless they are in a cache; what is in it goes by their text."""
    from jinja2 import BytecodeCache, Environment
    from jinja2.bccache import Bucket

    class Compiled(BytecodeCache):
        def __init__(self) -> None:
            self._codes: dict[tuple[str, str], CodeType] = {}

        def load_bytecode(self, bucket: Bucket) -> None:
            bucket.code = self._codes.get((bucket.key, bucket.checksum))

        def dump_bytecode(self, bucket: Bucket) -> None:
            self._codes[bucket.key, bucket.checksum] = bucket.code

    cache, make = Compiled(), templating.environment

    @functools.wraps(make)
    def environment(*given: Any) -> Environment:
        made: Environment = make(*given)
        made.bytecode_cache = cache
        return made

    templating.environment = environment
