"""A mail server: its address, a session with it, and what it answered, without secrets."""

from __future__ import annotations

import base64
import smtplib
import ssl
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlsplit

from tasks.alerting.words import fold_text

ERROR_LIMIT = 300
PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}
EXPECTED_URL = (
    "GOUJI_SMTP_URL: expected smtp://, smtps:// or smtp+starttls://, then "
    "[user:password@]host[:port], reserved characters percent-encoded"
)


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server as its address gives it; the password never shows in a representation."""

    scheme: str
    host: str
    port: int
    user: str | None
    password: str = field(default="", repr=False)

    @property
    def name(self) -> str:
        """The server as a message may name it."""
        return f"{self.host}:{self.port}"


def parse_smtp_url(url: str) -> Server:
    """Parse the address of a mail server; user and password are percent-decoded.

    Raises:
        ValueError: it is no such address; the message never holds the address itself.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(f"{EXPECTED_URL}; found a port or host that is none") from None
    if parts.scheme not in PORTS:
        raise ValueError(f"{EXPECTED_URL}; found another scheme")
    if not parts.hostname or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError(f"{EXPECTED_URL}; found no host, or something after it")
    return Server(
        scheme=parts.scheme,
        host=parts.hostname,
        port=port or PORTS[parts.scheme],
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password or ""),
    )


def connect(server: Server, timeout_seconds: float) -> smtplib.SMTP:
    """Open a session, encrypted and authenticated as the address asks."""
    context = ssl.create_default_context()
    connection = (
        smtplib.SMTP_SSL(server.host, server.port, timeout=timeout_seconds, context=context)
        if server.scheme == "smtps"
        else smtplib.SMTP(server.host, server.port, timeout=timeout_seconds)
    )
    try:
        if server.scheme == "smtp+starttls":
            connection.starttls(context=context)
        if server.user is not None:
            connection.login(server.user, server.password)
    except BaseException:
        connection.close()
        raise
    return connection


def close(connection: smtplib.SMTP) -> None:
    """Say goodbye; a server that is gone already has taken or refused all it was given."""
    try:
        connection.quit()
    except (OSError, smtplib.SMTPException):
        connection.close()


def describe_error(error: Exception, server: Server) -> str:
    """Say what the server or the network answered, without the password in any of its forms."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, answer = next(iter(error.recipients.values()))
        text = f"recipient refused: {code} {_decode(answer)}"
    elif isinstance(error, smtplib.SMTPResponseException):
        text = f"{error.smtp_code} {_decode(error.smtp_error)}"
    elif isinstance(error, UnicodeError):
        text = "expected a host, user and password in ASCII"
    else:
        text = str(error) or type(error).__name__
    if not server.password:
        return fold_text(text, ERROR_LIMIT)
    plain = f"\0{server.user}\0{server.password}"
    secrets = (server.password, quote(server.password, safe=""))
    encoded = (base64.b64encode(form.encode()).decode() for form in (server.password, plain))
    for secret in (*secrets, *encoded):
        text = text.replace(secret, "***")
    return fold_text(text, ERROR_LIMIT)


def _decode(answer: bytes | str) -> str:
    return answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
