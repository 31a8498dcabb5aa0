"""The second reading of PDF: rows of figures told without any ruled line."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tasks.reading.labels import index_labels
from tasks.reading.pdf_lines import read_pdf_lines
from tasks.reading.stream import match_stream
from tasks.sample.pdf import render_pdf
from tasks.sample.spec import Spec


@pytest.mark.parametrize("edition", ["2021", "2019"])
@pytest.mark.parametrize("height", [330, 560, 842], ids=["low", "middle", "A4"])
def test_the_stream_gives_the_printed_figures(
    edition: str, height: int, make_spec: Callable[..., Spec]
) -> None:
    """Each cell found in the lines has its printed value, and on whole pages most are found."""
    spec = make_spec(edition)
    lines = read_pdf_lines(render_pdf(spec, page=(842, height)))
    readings = match_stream(lines, index_labels(edition))
    told = {name: one.value for name, one in readings.items() if one.value is not None}
    assert told == {name: spec.figures[name] for name in told}
    assert height < 842 or len(told) > len(spec.figures) * 0.9


def test_ruled_lines_play_no_part(make_spec: Callable[..., Spec]) -> None:
    """Without any ruled line the same lines come out: the reading is independent of boxes."""
    content = render_pdf(make_spec("2021"))
    bare = re.sub(rb"(?m)^[\d.-]+ [\d.-]+ m [\d.-]+ [\d.-]+ l S$", b"", content)
    bare = re.sub(rb"(?s)xref\n.*", b"", bare) + b"trailer<</Root 1 0 R>>"
    assert bare.count(b" l S") == 0
    assert read_pdf_lines(bare) == read_pdf_lines(content)


def test_a_label_on_several_lines_stands_before_its_figures(
    make_spec: Callable[..., Spec],
) -> None:
    """A long label is put together again; its figures follow on the same line."""
    spec = make_spec("2021")
    lines = read_pdf_lines(render_pdf(spec)).split("\n")
    label = spec.form.tables["t3"].blocks[0].rows["other_fee_unpaid"].official
    figures = [f"{spec.figures[f't3.other_fee_unpaid.{key}']}" for key in (
        "natural_person", "company", "research_institute", "nonprofit", "legal_service",
        "other_organisation", "total",
    )]  # fmt: skip
    assert any(line.endswith(f"{label} {' '.join(figures)}") for line in lines)
