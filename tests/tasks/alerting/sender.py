"""Send what waits in the outbox of a data folder, to be killed; started by test_killed.py."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from storage.outbox import open_outbox
from tasks.alerting.send import Sending, send_outbox

if __name__ == "__main__":
    data = Path(sys.argv[1])
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    with open_outbox(data) as connection:
        send_outbox(data, Sending(connection, {}, datetime.now(UTC)), sys.argv[2])
