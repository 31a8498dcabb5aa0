"""What reading a PDF costs, against the tables that pdfplumber extracts from it."""

from __future__ import annotations

import io
import statistics
import time
from pathlib import Path

import pdfplumber
import pytest

from tasks.reading.labels import index_labels
from tasks.reading.match import match_grids
from tasks.reading.pdf import read_pdf
from tasks.sample.pdf import render_pdf
from tasks.sample.plan import plan_site

HONGZE = Path(__file__).resolve().parents[2].parent / "shared/reports/hongze_2023.pdf"
ROUNDS = 5
LEAST_TIMES_FASTER = 4.0


def extract_tables(content: bytes) -> int:
    """Extract the tables of all pages as the baseline does; give the number of cells."""
    with pdfplumber.open(io.BytesIO(content)) as pdf:
        return sum(
            len(row) for page in pdf.pages for table in page.extract_tables() for row in table
        )


def compare(content: bytes, name: str) -> float:
    """Time both our readings and the baseline in turn; print them and give the ratio."""
    taken: list[tuple[float, float]] = []
    for _ in range(ROUNDS):
        started = time.process_time()
        read_pdf(content)
        between = time.process_time()
        extract_tables(content)
        taken.append((between - started, time.process_time() - between))
    ours = statistics.median(mine for mine, _ in taken)
    baseline = statistics.median(theirs for _, theirs in taken)
    print(
        f"\nbench pdf: {name}, {len(content)} bytes, both readings {ours * 1e3:.1f} ms, "
        f"extract_tables {baseline * 1e3:.0f} ms, {baseline / ours:.1f} times"
    )
    return baseline / ours


@pytest.mark.bench
def test_reading_a_published_report_is_faster_than_extracting_its_tables() -> None:
    """A district's PDF of five pages is read four times faster than the baseline at least."""
    if not HONGZE.is_file():
        pytest.skip(f"no shared reports at {HONGZE}")
    content = HONGZE.read_bytes()
    readings = match_grids(read_pdf(content).grids, index_labels("2021")).readings
    assert sum(reading.status == "read" for reading in readings.values()) == 179
    assert compare(content, HONGZE.name) >= LEAST_TIMES_FASTER


@pytest.mark.bench
def test_reading_a_sample_report_is_faster_than_extracting_its_tables() -> None:
    """A sample report whose figures all come out right is read faster, though densely drawn."""
    spec = next(
        planned.spec
        for planned in plan_site()
        if planned.verdict == "valid" and planned.spec.edition == "2021"
    )
    content = render_pdf(spec)
    readings = match_grids(read_pdf(content).grids, index_labels("2021")).readings
    assert {name: one.value for name, one in readings.items()} == spec.figures
    assert compare(content, "sample") >= LEAST_TIMES_FASTER
