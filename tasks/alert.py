"""Mail what is invalid: one digest a recipient into the outbox, then all that waits is sent."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import polars as pl
from prefect import task
from prefect.cache_policies import NO_CACHE

from storage.settings import Settings
from tasks.alerting.digest import compose_digests
from tasks.alerting.jumps import compose_jumps
from tasks.alerting.outbox import OutboxError, load_mailed, queue
from tasks.alerting.recipients import Recipient, load_recipients
from tasks.alerting.send import SendSummary, send_outbox
from tasks.checking import Checked

OUTBOX = "outbox"
DEFAULT_RECIPIENT = "stewards@localhost"  # where no recipients are configured


@dataclass(frozen=True, slots=True)
class Alerted:
    """How many mails were written in this run, and what became of all that waited."""

    written: int
    sending: SendSummary


@task(name="alert", tags=["smtp"], cache_policy=NO_CACHE)
def alert(checked: Checked, settings: Settings, now: datetime) -> Alerted:
    """Queue a digest for each recipient with something new, and send all that waits.

    What is waived or held is not mailed; of families that are held the maintainers are told.
    A mail that cannot be sent stays in the outbox for the next run.
    """
    outbox: Path = settings.data / OUTBOX
    written = 0
    problems: tuple[str, ...] = ()
    try:
        written = _queue_new(outbox, checked, settings, now)
    except OutboxError as error:  # told of in the summary; what waits is still sent
        problems = (str(error),)
    sending = send_outbox(outbox, settings.smtp_url, now)
    return Alerted(written, replace(sending, errors=(*problems, *sending.errors)))


def choose_recipients(settings: Settings) -> tuple[Recipient, ...]:
    """Load the recipients: GOUJI_RECIPIENTS, else `recipients.yaml` in the data folder.

    Raises:
        RecipientsError: the file is not as expected.
    """
    beside = settings.data / "recipients.yaml"
    path = settings.recipients or (beside if beside.exists() else None)
    return load_recipients(path, DEFAULT_RECIPIENT)


def _queue_new(outbox: Path, checked: Checked, settings: Settings, now: datetime) -> int:
    recipients, mailed = choose_recipients(settings), load_mailed(outbox)
    open_findings = checked.findings.filter(
        pl.col("waived_for").is_null(), pl.col("held").is_null()
    )
    digests = [
        *compose_digests(
            checked.reports,
            open_findings,
            checked.repairs,
            recipients,
            mailed,
            now,
            settings.sender,
        ),
        *compose_jumps(checked.jumps, recipients, mailed, now, settings.sender),
    ]
    for digest in digests:
        queue(outbox, digest)
    return len(digests)
