"""The only reader of the environment: one frozen value of settings, made by `load_settings`."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

OBJECTS = "s3://"
PROCESSES, DASK, WORK_POOL = "processes", "dask", "work-pool"
DEFAULT_MAX_BYTES = 50 * 1024 * 1024
DEFAULT_LOSS_PERCENT = 20
_DIGITS = 15  # of a number in a setting
DEFAULT_PER_HOST = 2
DEFAULT_READ_SECONDS = 120  # LibreOffice alone may take 60
DEFAULT_REPEAT_DAYS = 7
DEFAULT_REMIND_DAYS = 14
DEFAULT_HEARTBEAT_DAYS = 8  # a day over the week between runs out of season
DEFAULT_READ_MEMORY_MB = 2048  # reports take 300, recognition of scans up to four times that
THIRD_PARTY_DEFAULTS = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "GX_ANALYTICS_ENABLED": "false",
    "ORT_DISABLE_TELEMETRY": "1",
    # Polars gives memory back that it used, instead of after ten seconds of more use.
    "_RJEM_MALLOC_CONF": "dirty_decay_ms:100,muzzy_decay_ms:0",
    "PREFECT_LOGGING_EXTRA_LOGGERS": "flows,tasks,expectations,storage",
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
}


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """How many processes read, how long one may take over a document, and how much memory."""

    workers: int
    seconds: float
    memory_megabytes: int


@dataclass(frozen=True, slots=True)
class AskLimits:
    """How hosts are asked.

    `delay_seconds` is the least time between two requests to a host, None where it is not set;
    `per_host` the most at once; `hours` those in which they are asked, as written; `authorities`
    a PEM file of further authorities for certificates.
    """

    delay_seconds: float | None
    per_host: int
    hours: str | None
    authorities: Path | None


@dataclass(frozen=True, slots=True)
class AlertTimes:
    """When people are told, in days: again of what still stands, before a day, without a run."""

    repeat_days: int = DEFAULT_REPEAT_DAYS
    remind_days: int = DEFAULT_REMIND_DAYS
    heartbeat_days: int = DEFAULT_HEARTBEAT_DAYS


@dataclass(frozen=True, slots=True)
class Settings:
    """What a deployment may set.

    `data` is the data folder; where that is in a bucket, `origin` is its `s3://` address and
    `data` the working copy on this machine. `smtp_url` is None where no mail server is configured;
    mails then wait in the outbox. `recipients` is the YAML of who gets which region's digest,
    `waivers` that of findings to set aside, `roster` that of the bodies that owe reports.
    `contact` is told to the hosts that are asked for pages. `max_bytes` bounds a page or
    file; `reading` bounds what reading it takes, `asking` says how hosts are asked;
    `loss_percent` bounds the reports or figures that a run may take from a partition unasked.
    `alerts` says when people are told. `engine` says what reads archived pages: processes of this
    machine, a Dask cluster (that at `dask_address`, else one of this machine), or the workers of
    a Prefect work pool.
    """

    data: Path
    smtp_url: str | None
    recipients: Path | None
    sources: Path | None
    waivers: Path | None
    roster: Path | None
    sender: str
    contact: str | None
    max_bytes: int
    reading: ReadLimits
    asking: AskLimits
    loss_percent: int
    alerts: AlertTimes = AlertTimes()
    origin: str | None = None
    engine: str = PROCESSES
    dask_address: str | None = None

    @property
    def place(self) -> str:
        """What people know the data folder by."""
        return self.origin or str(self.data)


def load_settings(
    data: str | Path | None = None,
    environment: Mapping[str, str] | None = None,
    waivers: str | None = None,
) -> Settings:
    """Read `GOUJI_*` from the environment; a folder or file named here outranks it.

    Raises:
        ValueError: a number is not a whole one above 0, or the data folder is an address that
            is none of `s3://`.
    """
    env = os.environ if environment is None else environment
    folder = str(data or env.get("GOUJI_DATA") or "data")
    origin = folder.rstrip("/") if folder.startswith(OBJECTS) else None
    if "://" in folder and origin is None:
        raise ValueError(
            f"data folder: expected a local path or s3://bucket/prefix, found {folder!r}; "
            "give one with --data or GOUJI_DATA"
        )
    return Settings(
        data=Path(folder) if origin is None else _locate_copy(origin, env),
        origin=origin,
        smtp_url=env.get("GOUJI_SMTP_URL") or None,
        recipients=_optional_path(env.get("GOUJI_RECIPIENTS")),
        sources=_optional_path(env.get("GOUJI_SOURCES")),
        waivers=_optional_path(waivers or env.get("GOUJI_WAIVERS")),
        roster=_optional_path(env.get("GOUJI_ROSTER")),
        sender=env.get("GOUJI_SENDER") or "gouji@localhost",
        contact=env.get("GOUJI_CONTACT") or None,
        max_bytes=_read_number(env, "GOUJI_MAX_BYTES", "bytes", DEFAULT_MAX_BYTES),
        engine=_read_engine(env),
        dask_address=env.get("GOUJI_DASK_ADDRESS") or None,
        alerts=AlertTimes(
            repeat_days=_read_number(env, "GOUJI_REPEAT_DAYS", "days", DEFAULT_REPEAT_DAYS),
            remind_days=_read_number(env, "GOUJI_REMIND_DAYS", "days", DEFAULT_REMIND_DAYS),
            heartbeat_days=_read_number(
                env, "GOUJI_HEARTBEAT_DAYS", "days", DEFAULT_HEARTBEAT_DAYS
            ),
        ),
        reading=ReadLimits(
            workers=_read_number(env, "GOUJI_WORKERS", "processes", os.cpu_count() or 1),
            seconds=_read_number(env, "GOUJI_READ_SECONDS", "seconds", DEFAULT_READ_SECONDS),
            memory_megabytes=_read_number(
                env, "GOUJI_READ_MEMORY_MB", "megabytes", DEFAULT_READ_MEMORY_MB
            ),
        ),
        asking=AskLimits(
            delay_seconds=_read_seconds(env, "GOUJI_HOST_DELAY_SECONDS"),
            per_host=_read_number(env, "GOUJI_HOST_CONNECTIONS", "connections", DEFAULT_PER_HOST),
            hours=env.get("GOUJI_HOURS") or None,
            authorities=_optional_path(env.get("GOUJI_AUTHORITIES")),
        ),
        loss_percent=_read_number(env, "GOUJI_LOSS_PERCENT", "percent", DEFAULT_LOSS_PERCENT, 100),
    )


def is_plain_endpoint() -> bool:
    """Tell whether the environment names an endpoint of S3 that is spoken to without TLS."""
    return os.environ.get("AWS_ENDPOINT_URL", "").startswith("http://")


def silence_telemetry() -> None:
    """Switch the telemetry of the libraries off, unless it was switched on.

    Has to come before they are imported. Also lets Prefect carry the logs of pure code, and
    Polars give back memory.
    """
    for name, value in THIRD_PARTY_DEFAULTS.items():
        os.environ.setdefault(name, value)


def quieten_prefect(is_verbose: bool) -> None:
    """Keep Prefect's own log lines off the terminal of a command, unless asked for."""
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "INFO" if is_verbose else "CRITICAL")


def limit_threads() -> None:
    """Keep the libraries of this process to one thread, for others work beside it.

    Has to come before they are imported.
    """
    for name in ("POLARS_MAX_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, "1")


def name_server(home: Path) -> tuple[str, int]:
    """Point this process and its children at a Prefect server on loopback; return API and port.

    `prefect.yaml` takes the project folder from the environment; runs have the environment of
    their worker, and so its settings.
    """
    port = _read_number(os.environ, "GOUJI_PORT", "the port", 4200, 65_535)
    api = f"http://127.0.0.1:{port}/api"
    os.environ["PREFECT_API_URL"] = api
    os.environ.setdefault("GOUJI_HOME", str(home))
    os.environ["GOUJI_DATA"] = str(Path(os.environ.get("GOUJI_DATA") or home / "data").resolve())
    return api, port


def _locate_copy(origin: str, env: Mapping[str, str]) -> Path:
    """Give the folder in which this machine works on what is in a bucket, one for each."""
    beside = env.get("XDG_CACHE_HOME") or Path(env.get("HOME") or Path.home(), ".cache")
    copies = env.get("GOUJI_WORKING_COPIES") or Path(beside, "gouji")
    digest = hashlib.sha256(origin.encode()).hexdigest()[:8]
    return Path(copies, f"{origin.removeprefix(OBJECTS).replace('/', '-')}-{digest}")


def _read_number(
    env: Mapping[str, str], name: str, unit: str, default: int, most: int | None = None
) -> int:
    text = env.get(name) or str(default)
    is_number = text.isascii() and text.isdigit() and len(text) <= _DIGITS
    if not is_number or int(text) == 0 or (most is not None and int(text) > most):
        bounds = "above 0" if most is None else f"from 1 to {most}"
        raise ValueError(f"{name}: expected a whole number of {unit} {bounds}, found {text!r}")
    return int(text)


def _read_engine(env: Mapping[str, str]) -> str:
    engine = env.get("GOUJI_ENGINE") or PROCESSES
    known = (PROCESSES, DASK, WORK_POOL)
    if engine not in known:
        raise ValueError(f"GOUJI_ENGINE: expected one of {', '.join(known)}, found {engine!r}")
    return engine


def _read_seconds(env: Mapping[str, str], name: str) -> float | None:
    text = env.get(name)
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 86_400:
        raise ValueError(f"{name}: expected seconds from 0 to 86400, found {text!r}")
    return seconds


def _optional_path(text: str | None) -> Path | None:
    return Path(text) if text else None
