"""How the stand-ins of media servers post a webhook: once, on a new connection; what goes wrong is only noted."""

from __future__ import annotations

import base64
import functools
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import httpx

from scrobbled.sandbox.messages import Reply

ANSWER_LENGTH = 500
BOUNDARY = "------------------------7c9e3b1d5f2a8064"
"""As libcurl writes them."""
_PIXEL = base64.b64decode(
    "/9j/2wBDAAMCAgICAgMCAgIDAwMDBAYEBAQEBAgGBgUGCQgKCgkICQkKDA8MCgsOCwkJDRENDg8QEBEQCgwSExIQEw8QEBD/yQALCAABAAEB"
    "AREA/8wABgAQEAX/2gAIAQEAAD8A0s8g/9k="
)
_COMMENT = 32 * 1024
THUMB = _PIXEL[:2] + b"\xff\xfe" + (_COMMENT + 2).to_bytes(2, "big") + b"\0" * _COMMENT + _PIXEL[2:]
"""A JPEG of one pixel with a long comment: as heavy as a real thumbnail."""


@dataclass(frozen=True, slots=True)
class WebhookPost:
    """One webhook request. ``status`` 0 means that nobody answered; the server would not try again either."""

    event: str
    url: str
    status: int
    answer: str = ""


@dataclass(frozen=True, slots=True)
class PostBody:
    """What is posted."""

    content_type: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def form_data(
    name: str, text: bytes, *, kind: str = "application/json", thumb: bytes | None = None
) -> tuple[str, bytes]:
    """Content type and bytes of a form with ``text`` in the part ``name`` and, where given, a JPEG ``thumb``."""
    line = f"--{BOUNDARY}".encode()
    named = f'Content-Disposition: form-data; name="{name}"'.encode()
    parts = [line, named, f"Content-Type: {kind}".encode(), b"", text]
    if thumb is not None:
        named = b'Content-Disposition: form-data; name="thumb"; filename="thumb.jpg"'
        parts += [line, named, b"Content-Type: image/jpeg", b"", thumb]
    return f"multipart/form-data; boundary={BOUNDARY}", b"\r\n".join([*parts, line + b"--", b""])


async def post(
    event: str,
    url: str,
    message: PostBody,
    *,
    method: str = "POST",
    transport: httpx.AsyncBaseTransport | None = None,
    patience: float = 10.0,
) -> WebhookPost:
    """``event`` is how the delivery is called in reports; ``patience`` is in seconds.

    ``transport`` stands in for the network in tests.
    """
    headers = {"Content-Type": message.content_type, "Accept": "*/*", **message.headers}
    try:
        async with httpx.AsyncClient(
            transport=transport, timeout=patience, verify=_certificates(), trust_env=False
        ) as client:
            answer = await client.request(method, url, headers=headers, content=message.body)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return WebhookPost(event, url, 0, type(error).__name__)
    return WebhookPost(event, url, answer.status_code, answer.text[:ANSWER_LENGTH])


def reported(deliveries: Iterable[WebhookPost]) -> Reply:
    """Without the URLs: they hold the secret of the webhook."""
    told = [{"event": one.event, "status": one.status, "answer": one.answer} for one in deliveries]
    return Reply(200, {"deliveries": told})


@functools.cache
def _certificates() -> ssl.SSLContext:
    """Reading them takes longer than a whole request."""
    return httpx.create_ssl_context()
