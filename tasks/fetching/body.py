"""The body of a response: read, decompressed, never more of it than allowed."""

from __future__ import annotations

import zlib

import httpx

from tasks.fetching.answer import FetchError
from tasks.fetching.files import describe_excess

_PLAIN = ("", "identity")
_GZIP_OR_ZLIB, _BARE = 47, -15  # of zlib: what `wbits` says


async def read_body(response: httpx.Response, max_bytes: int) -> bytes:
    """Read and decompress a body, holding at most `max_bytes` and one piece.

    Raises:
        FetchError: it is larger, broken, or packed in a way that we did not ask for.
    """
    stated = response.headers.get("content-length", "")
    if stated.isascii() and stated.isdecimal() and int(stated[:18]) > max_bytes:
        raise FetchError("too_large", describe_excess(max_bytes, int(stated[:18])))
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding in _PLAIN:
        return await _read_plain(response, max_bytes)
    if encoding not in ("gzip", "x-gzip", "deflate"):
        reason = f"expected a body in gzip or plain, found content-encoding {encoding[:60]!r}"
        raise FetchError("unreachable", reason)
    try:
        return await _inflate(response, encoding, max_bytes)
    except zlib.error as error:
        reason = f"expected a body compressed with {encoding}, found damage: {error}"
        raise FetchError("unreachable", reason, may_pass=True) from error


async def _read_plain(response: httpx.Response, max_bytes: int) -> bytes:
    pieces: list[bytes] = []
    size = 0
    async for chunk in response.aiter_raw():
        size += len(chunk)
        if size > max_bytes:
            raise FetchError("too_large", describe_excess(max_bytes, None))
        pieces.append(chunk)
    return b"".join(pieces)


async def _inflate(response: httpx.Response, encoding: str, max_bytes: int) -> bytes:
    inflater = None
    content = bytearray()
    async for chunk in response.aiter_raw():
        if inflater is None:  # some servers leave the header of deflate out
            is_bare = encoding == "deflate" and chunk[0] & 0x0F != zlib.DEFLATED
            inflater = zlib.decompressobj(_BARE if is_bare else _GZIP_OR_ZLIB)
        content += inflater.decompress(chunk, max_bytes - len(content) + 1)
        if len(content) > max_bytes:
            raise FetchError("too_large", describe_excess(max_bytes, None))
    if inflater is not None and content and not inflater.eof:
        reason = f"expected a whole body, found its end missing after {len(content):,} bytes"
        raise FetchError("unreachable", reason, may_pass=True)
    return bytes(content)
