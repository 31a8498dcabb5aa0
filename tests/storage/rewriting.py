"""Another process that rewrites reports without end, to be killed at any instant."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def rewrite(
    script: str,
    place: Path | str,
    reports: Sequence[tuple[str, int, str]],
    *words: str,
    **environment: str,
) -> Iterator[subprocess.Popen[str]]:
    """Run a script of this folder that rewrites reports in a place, from when it is ready on.

    `reports` are their ids, years and regions; further words go to the script.
    """
    command = [sys.executable, f"tests/storage/{script}", str(place), json.dumps(reports), *words]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            yield process
        finally:
            process.kill()
