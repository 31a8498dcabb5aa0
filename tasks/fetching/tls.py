"""The ladder of TLS settings: today's, RSA key exchange, legacy. Certificates are verified."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Literal, TypeAlias

import certifi

Level: TypeAlias = Literal["modern", "rsa_key_exchange", "legacy"]
LADDER: tuple[Level, ...] = ("modern", "rsa_key_exchange", "legacy")

_CIPHERS: dict[Level, str] = {
    "rsa_key_exchange": "DEFAULT:!aNULL:!eNULL:@SECLEVEL=1",
    "legacy": "ALL:!aNULL:!eNULL:@SECLEVEL=0",
}
_OP_LEGACY_SERVER_CONNECT = 0x4  # named in `ssl` from Python 3.12 on
# X509_V_ERR_EE_KEY_TOO_SMALL, _CA_KEY_TOO_SMALL, _CA_MD_TOO_WEAK: valid, but below the level
_WEAK_CERTIFICATE = frozenset({66, 67, 68})


def make_context(
    level: Level, *, is_verified: bool = True, authorities: Path | None = None
) -> ssl.SSLContext:
    """Make the settings of a level.

    `modern` is what Python allows today; `rsa_key_exchange` adds key exchange without forward
    secrecy; `legacy` adds TLS 1.0 and 1.1, old ciphers, short keys and servers without secure
    renegotiation.

    Args:
        level: which rung.
        is_verified: whether a certificate has to be verified; false only where a source says so.
        authorities: PEM file of further authorities to trust.
    """
    context = ssl.create_default_context(cafile=certifi.where())
    if authorities is not None:
        context.load_verify_locations(authorities)
    if level != "modern":
        context.set_ciphers(_CIPHERS[level])
    if level == "legacy":
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.options |= _OP_LEGACY_SERVER_CONNECT
        context.options &= ~(ssl.OP_NO_TLSv1 | ssl.OP_NO_TLSv1_1)
    if not is_verified:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def climb(level: Level, error: BaseException) -> Level | None:
    """Return the next level to try after a failed handshake, None where none would help."""
    is_invalid = isinstance(error, ssl.SSLCertVerificationError)
    if is_invalid and getattr(error, "verify_code", None) not in _WEAK_CERTIFICATE:
        return None
    following = LADDER.index(level) + 1
    return LADDER[following] if following < len(LADDER) else None


def is_unverifiable(error: BaseException) -> bool:
    """Tell whether a handshake failed for the host's certificate alone."""
    return isinstance(error, ssl.SSLCertVerificationError)
