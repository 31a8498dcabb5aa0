"""The mail to maintainers: families of reports whose failures jumped, and are held."""

from __future__ import annotations

import csv
import hashlib
import html
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from expectations.jumps import Jump
from tasks.alerting.digest import Digest, build_message
from tasks.alerting.recipients import Recipient
from tasks.alerting.render import Rendering
from tasks.alerting.words import fold_text, load_texts


def compose_jumps(
    jumps: Sequence[Jump],
    recipients: Sequence[Recipient],
    mailed: Mapping[str, frozenset[str]],
    now: datetime,
    sender: str,
) -> list[Digest]:
    """Compose one mail for each maintainer to whom some jump is new.

    A jump stays the same while its past does: it is told once, however long it is held.

    Raises:
        ValueError: the sender is no address.
    """
    digests = []
    for recipient in (one for one in recipients if one.is_maintainer):
        told = mailed.get(recipient.address, frozenset())
        new = {mark: jump for jump in jumps if (mark := fingerprint_jump(jump)) not in told}
        if not new:
            continue
        marks = tuple(sorted(new))
        mail_id = hashlib.sha256("\n".join([recipient.address, *marks]).encode()).hexdigest()[:24]
        rendering = _render(list(new.values()), recipient)
        sheet = _write_sheet(list(new.values()), recipient)
        digests.append(
            Digest(
                id=mail_id,
                recipient=recipient.address,
                subject=rendering.subject,
                fingerprints=marks,
                report_count=sum(jump.reports for jump in new.values()),
                message=build_message(mail_id, sender, recipient, rendering, sheet, now),
                created_at=now,
            )
        )
    return digests


def fingerprint_jump(jump: Jump) -> str:
    """Identify a jump by its family and the past that it is held against."""
    parts = json.dumps(["jump", jump.family, jump.failing_before, jump.reports_before])
    return hashlib.sha256(parts.encode()).hexdigest()


def _render(jumps: Sequence[Jump], recipient: Recipient) -> Rendering:
    texts = load_texts(recipient.language)["jumps"]
    facts = [{**asdict(jump), "family": fold_text(jump.family)} for jump in jumps]
    lines = [texts["lead"]]
    for one in facts:
        lines += [texts["line"].format_map(one), texts["todo"].format_map(one)]
    paragraphs = "\n".join(f"<p>{html.escape(line)}</p>" for line in lines)
    return Rendering(
        subject=texts["subject"].format(count=len(jumps)),
        html=f'<!DOCTYPE html>\n<html><meta charset="utf-8"><body>\n{paragraphs}\n</body></html>\n',
        text="\n\n".join(lines) + "\n",
    )


def _write_sheet(jumps: Sequence[Jump], recipient: Recipient) -> bytes:
    sheet = io.StringIO()
    writer = csv.writer(sheet)
    writer.writerow(load_texts(recipient.language)["jumps"]["sheet"])
    for one in jumps:
        writer.writerow(
            [one.family, one.reports, one.failing, one.reports_before, one.failing_before]
        )
    return sheet.getvalue().encode("utf-8-sig")
