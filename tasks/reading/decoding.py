"""Bytes of a Chinese page or text file -> text, whatever encoding it claims to be in.

The claims are tried in order (byte order mark, HTTP header, meta element, then UTF-8,
GB18030, Big5); a guess by statistics comes last. One is believed when the bytes decode without
error and the text consists of common characters, because GB18030 accepts most Big5 and some
UTF-8 without an error.
"""

from __future__ import annotations

import codecs
import re
from functools import cache

from tasks.reading.report import UnreadableError

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARED = re.compile(
    rb"<meta\b[^>]{0,300}?charset\s*=\s*[\"']?\s*([\w-]+)"
    rb"|<\?xml\b[^>]{0,200}?encoding\s*=\s*[\"']([\w-]+)",
    re.IGNORECASE,
)
_DECLARED_WITHIN_BYTES = 4096
_ASCII = re.compile(r"[\x00-\x7f]+")
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f\x80-\x9f]")
_CONTROL_BYTES = bytes([*range(9), *range(0x0E, 0x1B), *range(0x1C, 0x20), 0x7F])
_REPLACEMENT = "\ufffd"

_SAMPLED_HEAD = 10_000
_ENOUGH_CHARACTERS = 500
_PROOF_BYTES = 1000
_BELIEVED_SHARE = 0.9
_POSSIBLE_SHARE = 0.5
_GUESSED_FROM = 20_000
_LEAST_GUESSED = 20  # characters beyond ASCII: fewer prove nothing
_TOLERATED_DAMAGE = 0.001
_TOLERATED_CONTROLS = 0.005


def decode(content: bytes, declared: str | None = None) -> str:
    """Decode `content`; `declared` is the charset of the HTTP header, if there was one.

    GB2312 and GBK are always read as GB18030, Big5 with the Hong Kong supplement. A
    character cut off at the end, and fewer than one damaged byte in a thousand, become
    U+FFFD.

    Raises:
        UnreadableError: `encoding_unknown`, no encoding gives a text.
    """
    return _decode(content, declared)[0]


def encode_utf8(content: bytes) -> bytes:
    """Give the text of `content` in UTF-8; nothing is copied where it is that already.

    Raises:
        UnreadableError: as `decode`.
    """
    text, is_same = _decode(content, None)
    return content if is_same else text.encode("utf-8", "replace")


def _decode(content: bytes, declared: str | None) -> tuple[str, bool]:
    """Decode, and tell whether the content is known to be the text in UTF-8 to the last byte."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            text = _decode_strictly(content[len(mark) :], encoding)
            if text is not None and _is_text(text):
                return text, False
    candidates = _list_candidates(content, declared)
    shares: dict[str, float] = {}
    for encoding in candidates:
        text = _decode_strictly(content, encoding)
        if text is None:
            continue
        is_proved = encoding == "utf-8" and len(content) - len(text) > _PROOF_BYTES
        if is_proved and _has_few_controls(content):
            # So many sequences of several bytes are no accident.
            return text, not text.endswith(_REPLACEMENT)
        if not _is_text(text):
            continue
        shares[encoding] = measure_common_share(text)
        if shares[encoding] >= _BELIEVED_SHARE:
            return text, False
    if "utf-8" in shares:  # its structure is proof enough, whatever the script
        return content.decode("utf-8", errors="replace"), False
    likeliest = max(shares, key=lambda encoding: shares[encoding], default=None)
    if likeliest is not None and shares[likeliest] >= _POSSIBLE_SHARE:
        return content.decode(likeliest, errors="replace"), False
    for encoding in candidates:
        text = content.decode(encoding, errors="replace")
        damage = text.count(_REPLACEMENT) / max(len(content), 1)
        if damage >= _TOLERATED_DAMAGE or not _is_text(text):
            continue
        if encoding == "utf-8" or measure_common_share(text) >= _POSSIBLE_SHARE:
            return text, False
    guessed = _guess(content)
    if guessed is not None:
        return guessed, False
    raise UnreadableError(
        "encoding_unknown",
        f"expected text in one of {', '.join(candidates)}, found {len(content)} bytes that are "
        "text in none of them; open the source in a browser and save it as UTF-8",
    )


def measure_common_share(text: str) -> float:
    """Return which share of the characters beyond ASCII is common in Chinese, 0 to 1.

    Common are the symbols and the first level of GB 2312 and the first level of Big5. A text
    in ASCII alone gives 1.
    """
    sample = _ASCII.sub("", text[:_SAMPLED_HEAD])
    if len(sample) < _ENOUGH_CHARACTERS:
        sample = _ASCII.sub("", text)[:_SAMPLED_HEAD]
    if not sample:
        return 1.0
    common = _list_common_characters()
    return sum(map(common.__contains__, sample)) / len(sample)


def _list_candidates(content: bytes, declared: str | None) -> tuple[str, ...]:
    match = _DECLARED.search(content, 0, _DECLARED_WITHIN_BYTES)
    stated = (match[1] or match[2]).decode("ascii", "replace") if match else None
    claims = [_name_encoding(claim) for claim in (declared, stated) if claim]
    wide = ["utf-16-le", "utf-16-be"] if b"\0" in content[:_DECLARED_WITHIN_BYTES] else []
    ladder = [*claims, *wide, "utf-8", "gb18030", "big5hkscs"]
    return tuple(dict.fromkeys(encoding for encoding in ladder if encoding))


def _name_encoding(claim: str) -> str | None:
    """Return the codec to use for a claimed charset; None where the claim says nothing.

    Western charsets are the unset default of many servers, so they are no claim.
    """
    try:
        name = codecs.lookup(claim.strip().strip("\"'")).name
    except (LookupError, ValueError):
        return None
    if name in ("gb2312", "gbk", "gb18030"):
        return "gb18030"
    if name in ("big5", "big5hkscs", "cp950"):
        return "big5hkscs"
    return name if name in ("utf-8", "utf-16-le", "utf-16-be") else None


def _guess(content: bytes) -> str | None:
    """Decode with the encoding that statistics of the bytes suggest; None unless it is Chinese."""
    from charset_normalizer import from_bytes  # next to no page needs it

    best = from_bytes(content[:_GUESSED_FROM]).best()
    text = None if best is None else _decode_strictly(content, best.encoding)
    if text is None:
        return None
    text = text.removeprefix("\ufeff")
    has_han = len(_ASCII.sub("", text)) >= _LEAST_GUESSED
    return text if has_han and _is_text(text) and _is_common(text) else None


def _is_common(text: str) -> bool:
    return measure_common_share(text) >= _BELIEVED_SHARE


def _decode_strictly(content: bytes, encoding: str) -> str | None:
    """Decode without tolerance, except that the last character may be cut off."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    try:
        text = decoder.decode(content, final=False)
    except UnicodeDecodeError:
        return None
    return text + _REPLACEMENT if decoder.getstate()[0] else text


def _has_few_controls(content: bytes) -> bool:
    """Tell as `_is_text`, from the bytes of an encoding that keeps ASCII; ten times faster."""
    controls = len(content) - len(content.translate(None, _CONTROL_BYTES))
    return controls <= _TOLERATED_CONTROLS * len(content)


def _is_text(text: str) -> bool:
    return len(_CONTROLS.findall(text)) <= _TOLERATED_CONTROLS * len(text)


@cache
def _list_common_characters() -> frozenset[str]:
    symbols = _decode_plane("gb2312", range(0xA1, 0xA4), range(0xA1, 0xFF))
    simplified = _decode_plane("gb2312", range(0xB0, 0xD8), range(0xA1, 0xFF))
    traditional = _decode_plane("big5", range(0xA4, 0xC6), [*range(0x40, 0x7F), *range(0xA1, 0xFF)])
    return frozenset(symbols + simplified + traditional) | {"\u00a0", "\u2022", "\u3000"}


def _decode_plane(encoding: str, leads: range, trails: range | list[int]) -> str:
    return "".join(
        bytes((lead, trail)).decode(encoding, errors="ignore") for lead in leads for trail in trails
    )
