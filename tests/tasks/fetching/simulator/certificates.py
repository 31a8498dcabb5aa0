"""An authority of our own and certificates by it, for servers on loopback addresses."""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID


@dataclass(frozen=True, slots=True)
class Authority:
    """Who signs: its certificate as a PEM file, and its key."""

    file: Path
    name: x509.Name
    key: rsa.RSAPrivateKey


def make_authority(folder: Path) -> Authority:
    """Make an authority whose certificate lies in a folder."""
    key = rsa.generate_private_key(65537, 2048)
    name = _name("authority of the tests")
    built = _begin(name, name, key).add_extension(x509.BasicConstraints(True, None), True)
    file = folder / "authority.pem"
    certificate = built.sign(key, hashes.SHA256())
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return Authority(file, name, key)


def make_server_context(
    folder: Path, authority: Authority, address: str, *, ciphers: str = "", bits: int = 2048
) -> ssl.SSLContext:
    """Make the TLS settings of a server on an address, today's unless changed."""
    key = rsa.generate_private_key(65537, bits)
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
    built = _begin(_name(address), authority.name, key).add_extension(alternative, False)
    certificate = built.sign(authority.key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    chain = folder / f"{address}.pem"
    chain.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(pem)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if ciphers or bits < 2048:
        context.set_ciphers(ciphers or "DEFAULT:@SECLEVEL=0")
    context.load_cert_chain(chain)
    return context


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _begin(
    subject: x509.Name, issuer: x509.Name, key: rsa.RSAPrivateKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
    )
