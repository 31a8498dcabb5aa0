"""What went over the wire, as WARC: `<data>/warc/<run>/<host>.warc.gz`, records one by one.

Each record is a gzip member of its own, so that a file is whole after every record.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

FOLDER = "warc"
SUFFIX = ".warc.gz"


def locate_warc(data: Path, run_id: str, host: str) -> Path:
    """Return where the records of a run and host stand, whether they are there or not."""
    return data / FOLDER / run_id / f"{quote(host, safe='') or 'unnamed'}{SUFFIX}"


def append_records(path: Path, records: bytes) -> int:
    """Append whole records; return how long the file is with them.

    Several threads may append to one file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        left = memoryview(records)
        while left:
            left = left[os.write(descriptor, left) :]
        return os.lseek(descriptor, 0, os.SEEK_CUR)
    finally:
        os.close(descriptor)


def cut_back(data: Path, run_id: str, whole: Mapping[str, int]) -> None:
    """Drop from the files of a run what a crash left behind their last whole record.

    Args:
        data: the data folder.
        run_id: the run.
        whole: how many bytes are whole, by host; of others there are none.
    """
    lengths = {locate_warc(data, run_id, host): size for host, size in whole.items()}
    for path in (data / FOLDER / run_id).glob(f"*{SUFFIX}"):
        size = lengths.get(path, 0)
        if size == 0:
            path.unlink()
        elif path.stat().st_size > size:
            os.truncate(path, size)
