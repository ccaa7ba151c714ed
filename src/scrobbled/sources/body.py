"""From the body of a webhook to its JSON object, however the sender wraps it.

Plex sends a form with JSON in a part ``payload``, Emby in a part ``data``, Jellyfin sends JSON labelled as plain text,
and relays re-encode all of them. So the content type only says what to try first; it never leads to a refusal.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

import msgspec
from msgspec import Struct
from multipart import MultipartSegment, PushMultipartParser, parse_options_header

from scrobbled.core.errors import BadPayload

MAX_PARTS = 20
MAX_HEADERS = 10
MAX_HEADER_BYTES = 4096
MAX_FIELDS = 200
MAX_DEPTH = 64
MAX_DIGITS = 1000
LARGEST = 5 * 1024 * 1024
"""What may come out of a packed body: as much as may come in unpacked."""
PART_NAMES = ("payload", "data")
FIELD_NAMES = ("payload", "data", "json")

_UNREADABLE = "The body cannot be read as JSON. Send JSON, or a form with the JSON in a field named payload."
_NO_PAYLOAD = "The form has no part named payload or data. Send the JSON in a part named payload."
_NO_OBJECT = "The body is JSON, but not an object. Send one JSON object for each event."
LARGEST_MENDED = 256 * 1024
"""Characters. A template prints a few thousand, and looking for slips in megabytes would hold up other webhooks."""
_NOT_UNPACKED = "The body cannot be unpacked. Send it as it is, without compression."
_TOO_DEEP = "The JSON is nested too deeply to be a webhook. Check what the sender is set up to send."
_GZIP = b"\x1f\x8b"
_UTF_8 = re.compile(rb"[\x80-\x9f\xff]|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
"""A character that only UTF-8 writes so, or a byte that hardly is one in Latin-1."""
_SLIPS = re.compile(
    r"""
    (?P<text> "[^"\\]*+(?:\\.[^"\\]*+)*+"? )          # to be left as it is
    | \b(?P<word> True|False|None )\b
    | (?P<blank> :\s*+(?=[,}\]]) )
    | (?P<comma> ,\s*+(?=[}\]]) )
    | (?P<zeros> (?<![\w.+-])0+(?=[0-9]) )
    """,
    re.VERBOSE | re.DOTALL,
)


class Body(Struct, frozen=True):
    """The decoded object, and ``text``: JSON without any thumb, from which ``decode`` gives the same object again."""

    data: dict[str, Any]
    text: str


class _NotJson(Exception):
    """These bytes are no JSON; perhaps they are something else."""


def read_body(content_type: str | None, body: bytes) -> Body:
    """The one object in ``body``. Raises ``BadPayload``, and nothing else, with what to change at the sender."""
    kind, options = _content_type(content_type)
    body = _unpacked(body)
    if not body.strip():
        raise BadPayload("The body is empty. Send JSON, or a form with the JSON in a field named payload.")
    boundary = options.get("boundary", "")
    if kind.startswith("multipart/") or body.startswith(b"--"):  # JSON never begins with two dashes
        return _from_parts(body, boundary.encode("utf-8", "replace"))
    return _from_text(body, form=kind == "application/x-www-form-urlencoded")


def decode(text: str) -> dict[str, Any]:
    """The object in ``text``, read leniently: repeated keys, control characters, NaN and huge numbers are accepted.

    Raises ``BadPayload`` for anything but one object of bearable depth.
    """
    try:
        return _object(_json(text), text)
    except _NotJson:
        raise BadPayload(_UNREADABLE) from None


def _unpacked(body: bytes) -> bytes:
    """Some proxies compress what passes through them, and not all of them say so."""
    if not body.startswith(_GZIP):
        return body
    unpacking = zlib.decompressobj(wbits=31)
    try:
        plain = unpacking.decompress(body, LARGEST)
    except zlib.error:
        raise BadPayload(_NOT_UNPACKED) from None
    if not unpacking.eof:
        raise BadPayload(_NOT_UNPACKED)
    return plain


def _content_type(value: str | None) -> tuple[str, dict[str, str]]:
    try:
        kind, options = parse_options_header(value or "")
    except (ValueError, IndexError):
        return "", {}
    return str(kind), dict(options)


def _boundary_in(body: bytes) -> bytes:
    """The first line is the boundary, even where a relay lost or changed the header that should name it."""
    line = body.lstrip(b"\r\n")[:200].partition(b"\r\n")[0]
    return line[2:] if line.startswith(b"--") else b""


def _from_parts(body: bytes, boundary: bytes) -> Body:
    parts = _parts(body, boundary)
    if parts is None:
        parts = _parts(body, _boundary_in(body))
    if parts is None:
        return _from_text(body)
    for name in PART_NAMES:
        if name in parts:
            text = _text(parts[name])
            return Body(decode(text), text)
    raise BadPayload(_NO_PAYLOAD)


def _parts(body: bytes, boundary: bytes) -> dict[str, bytes] | None:
    """The wanted parts; ``None`` for what is no form, or breaks off within the wanted part."""
    try:
        return _wanted_parts(body, boundary)
    except ValueError:  # which all errors of the multipart library are
        return None


def _wanted_parts(body: bytes, boundary: bytes) -> dict[str, bytes]:
    """Text or upload alike; reading ends at ``payload``, so that a broken thumb behind it does no harm."""
    parser = PushMultipartParser(
        boundary,
        max_segment_count=MAX_PARTS,
        max_header_count=MAX_HEADERS,
        max_header_size=MAX_HEADER_BYTES,
    )
    found: dict[str, bytes] = {}
    name, pieces = "", list[bytes]()
    for piece in parser.parse(body):
        if isinstance(piece, MultipartSegment):
            name, pieces = piece.name or "", []
        elif piece:
            pieces.append(piece)
        elif name in PART_NAMES:
            found.setdefault(name, b"".join(pieces))
        if PART_NAMES[0] in found:
            return found
    if not found:
        parser.close()  # which raises where the end is missing
    return found


def _from_text(body: bytes, *, form: bool = False) -> Body:
    text = _text(body)
    try:
        return _unwrapped(_object(_json(text), text), text)
    except _NotJson:
        fields = _fields(text) if form or text.startswith(tuple(f"{name}=" for name in FIELD_NAMES)) else {}
    for name in FIELD_NAMES:
        if name in fields:
            return _from_field(fields[name])
    if not fields:
        raise BadPayload(_UNREADABLE)
    return Body(dict(fields), json.dumps(fields))


def _from_field(value: str) -> Body:
    """Some relays encode the field twice."""
    try:
        return Body(_object(_json(value), value), value)
    except _NotJson:
        text = unquote_plus(value)
        return Body(decode(text), text)


def _unwrapped(data: dict[str, Any], text: str) -> Body:
    """Relays that turn a form into JSON leave the sender's JSON in ``payload``, as a string or as an object."""
    inner = data.get("payload")
    if isinstance(inner, dict):
        return Body(inner, json.dumps(inner))
    try:
        return _from_field(inner.encode("utf-8", "replace").decode()) if isinstance(inner, str) else Body(data, text)
    except BadPayload:
        return Body(data, text)


def _fields(text: str) -> Mapping[str, str]:
    """A form without nesting, as Jellyfin's Generic Form sends it: one string for each key."""
    if "=" not in text:
        return {}
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        raise BadPayload(
            f"The form has more than {MAX_FIELDS} fields. Send the JSON in a field named payload."
        ) from None
    return dict(pairs)


def _text(raw: bytes) -> str:
    """Old servers cut summaries in the middle of a character; the rest of the message is good.

    Scripts on Windows send Latin-1 and do not say so.
    """
    if not raw.isascii() and _UTF_8.search(raw) is None:
        return raw.decode("latin-1")
    return raw.decode("utf-8-sig", "replace")


def _json(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError):
        return _lenient(text)
    except RecursionError:
        raise BadPayload(_TOO_DEEP) from None


def _lenient(text: str) -> Any:
    """Unlike the fast decoder, the standard library's takes lone surrogates, NaN and raw control characters."""
    try:
        return _loads(text)
    except _NotJson:
        if len(text) > LARGEST_MENDED:
            raise
        return _loads(_SLIPS.sub(_meant, text))


def _loads(text: str) -> Any:
    try:
        return json.loads(text, strict=False, parse_int=_integer)
    except RecursionError:
        raise BadPayload(_TOO_DEEP) from None
    except ValueError:
        raise _NotJson from None


def _meant(slip: re.Match[str]) -> str:
    """What a template meant with ``True``, ``"season": ,``, ``"season": 02`` or a comma before the end."""
    match slip.lastgroup:
        case "text":
            return slip.group()
        case "word":
            return "null" if slip.group() == "None" else slip.group().lower()
        case "blank":
            return ":null"
    return ""


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= MAX_DIGITS else float(digits)


def _object(value: Any, text: str) -> dict[str, Any]:
    """``value``, which was read from ``text``; most texts have too few brackets to be deep."""
    if not isinstance(value, dict):
        raise BadPayload(_NO_OBJECT)
    if text.count("{") + text.count("[") <= MAX_DEPTH:
        return value
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH):
        children = (node.values() if isinstance(node, dict) else node for node in level)
        level = [child for nodes in children for child in nodes if isinstance(child, (dict, list))]
        if not level:
            return value
    raise BadPayload(_TOO_DEEP)
