"""Bodies of webhooks in little room: the events of one viewing hardly differ, so each is kept as its difference.

What it differs from is its stem: the first body with the same key, stored beside the events and good for some hours.
A stem stays for as long as any stored body needs it; ``unpacked`` finds it again.
"""

from __future__ import annotations

import sqlite3
import zlib

LIVES = 6 * 3600.0
"""Seconds during which a stem serves new bodies: longer than a viewing lasts."""
SMALL = 200
"""Bytes; what is shorter gains nothing from a stem."""
LEVEL = 6
_USUAL = (
    b'"Director":[{"id":,"filter":"director=","tag":"","tagKey":""}],"Writer":[{"id":,"filter":"writer=","tag":"",'
    b'"tagKey":""}],"Role":[{"id":,"filter":"actor=","tag":"","tagKey":"","role":"","thumb":"https://metadata-static.'
    b'plex.tv/people/"},"Rating":[{"image":"imdb://image.rating","value":,"type":"audience"}],"Image":[{"type":'
    b'"snapshot","url":"/library/metadata/","alt":""},{"type":"background"},{"type":"coverPoster"}],"NotificationType":'
    b'"PlaybackStop","NotificationUsername":"","ItemType":"Episode","SeriesName":"","Provider_tvdb":"","Provider_imdb":'
    b'"tt","Provider_tmdb":"","PlayedToCompletion":true,"PlaybackPositionTicks":,"RunTimeTicks":,"UserId":"","Event":'
    b'"playback.stop","Item":{"Name":"","ProviderIds":{"Tvdb":"","Imdb":"tt","Tmdb":""},"Session":{"Id":""},'
    b'{"event":"media.pause""media.resume""media.stop""media.scrobble""media.play","user":true,"owner":true,"Account":'
    b'{"id":,"thumb":"https://plex.tv/users//avatar?c=","title":""},"Server":{"title":"","uuid":""},"Player":{"local":'
    b'true,"publicAddress":"","title":"","uuid":""},"Metadata":{"librarySectionType":"show","ratingKey":"","key":'
    b'"/library/metadata/","parentRatingKey":"","grandparentRatingKey":"","guid":"plex://episode/","parentGuid":'
    b'"plex://season/","grandparentGuid":"plex://show/","grandparentSlug":"","type":"episode","title":"","titleSort":"",'
    b'"grandparentKey":"/library/metadata/","parentKey":"/library/metadata/","librarySectionTitle":"TV Shows",'
    b'"librarySectionID":,"librarySectionKey":"/library/sections/","grandparentTitle":"","parentTitle":"Season ",'
    b'"originalTitle":"","contentRating":"TV-14","summary":"","index":,"parentIndex":,"audienceRating":,'
    b'"audienceRatingImage":"themoviedb://image.rating","viewOffset":,"viewCount":1,"skipCount":1,"lastViewedAt":,"year":'
    b'20,"duration":,"originallyAvailableAt":"20","addedAt":1,"updatedAt":1,"thumb":"/library/metadata//thumb/","art":'
    b'"/library/metadata//art/","parentThumb":"","grandparentThumb":"","grandparentArt":"","Guid":[{"id":"imdb://tt"},'
    b'{"id":"tmdb://"},{"id":"tvdb://"}]}}'
)
"""What most bodies are made of. Never to be changed: what was packed with it could not be read any more."""


def packed(db: sqlite3.Connection, key: str, text: str, now: float) -> tuple[bytes, int | None]:
    """``text`` for the column ``raw``, and the stem it needs. ``key`` is shared by what is likely to be alike."""
    body = text.encode("utf-8", "surrogatepass")
    if len(body) < SMALL:
        return _deflated(body, _USUAL), None
    number = zlib.crc32(key.encode("utf-8", "surrogatepass"))  # should two keys meet, they are packed less well
    stem = _stem(db, number, now) or _new_stem(db, number, body, now)
    return _deflated(body, stem[1]), stem[0]


def unpacked(db: sqlite3.Connection, raw: bytes, stem_id: int | None) -> str:
    """The text that was packed."""
    body = _inflated(raw, _USUAL if stem_id is None else _body_of(db, stem_id))
    return body.decode("utf-8", "surrogatepass")


def forget_stems(db: sqlite3.Connection, before: float, limit: int) -> int:
    """Drop up to ``limit`` stems made before then that no stored body needs; ``LIVES`` ago is the latest to ask for."""
    return db.execute(
        "DELETE FROM stems WHERE id IN (SELECT id FROM stems WHERE made_at < ? AND NOT EXISTS "
        "(SELECT 1 FROM events WHERE events.stem_id = stems.id) ORDER BY made_at LIMIT ?)",
        (before, limit),
    ).rowcount


def _stem(db: sqlite3.Connection, key: int, now: float) -> tuple[int, bytes] | None:
    row = db.execute(
        "SELECT id, body FROM stems WHERE key = ? AND made_at > ? ORDER BY made_at DESC LIMIT 1", (key, now - LIVES)
    ).fetchone()
    return None if row is None else (int(row[0]), _inflated(row[1], _USUAL))


def _new_stem(db: sqlite3.Connection, key: int, body: bytes, now: float) -> tuple[int, bytes]:
    cursor = db.execute("INSERT INTO stems (key, made_at, body) VALUES (?,?,?)", (key, now, _deflated(body, _USUAL)))
    return int(cursor.lastrowid or 0), body


def _body_of(db: sqlite3.Connection, stem_id: int) -> bytes:
    (body,) = db.execute("SELECT body FROM stems WHERE id = ?", (stem_id,)).fetchone()
    return _inflated(body, _USUAL)


def _deflated(body: bytes, like: bytes) -> bytes:
    packer = zlib.compressobj(LEVEL, zdict=like)
    return packer.compress(body) + packer.flush()


def _inflated(raw: bytes, like: bytes) -> bytes:
    """Also what was stored before there were stems: the stream itself says whether it needs something to be like."""
    return zlib.decompressobj(zdict=like).decompress(raw)
