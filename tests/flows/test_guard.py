"""A run that would empty a partition stops before it, says so, and goes on once told to."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flows.collect import CollectParameters, collect
from storage.documents import read_documents
from storage.lake import read_table
from storage.schema import CELLS, REPORTS
from tasks.sample.plan import plan_site
from tasks.sample.render import render_html

pytestmark = pytest.mark.usefixtures("lake_alone")

VALID = next(p for p in plan_site() if p.verdict == "valid" and p.spec.edition == "2021")


def test_a_run_that_loses_the_figures_leaves_the_partition(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Figures, documents and mails stay as they were until the partition is accepted by name."""
    for name in ("GOUJI_SMTP_URL", "GOUJI_RECIPIENTS", "GOUJI_LOSS_PERCENT"):
        monkeypatch.delenv(name, raising=False)
    page, data = tmp_path / "in/report.html", tmp_path / "data"
    page.parent.mkdir()
    whole = render_html(VALID.spec, "standard").decode()
    page.write_text(whole, "utf-8")
    parameters = CollectParameters(sources=[str(page)], data=str(data))
    assert collect(parameters).troubles == ()
    cells, documents = read_table(data, CELLS), read_documents(data)

    emptied = re.sub(r"(<td[^>]*>)\s*[\d.]+\s*(</td>)", r"\1?\2", whole)
    assert emptied != whole
    page.write_text(emptied, "utf-8")
    guarded = collect(parameters)
    (trouble,) = guarded.troubles
    year, region = read_table(data, REPORTS).select("year", "region").row(0)
    assert trouble.startswith(f"{year}/{region}: this run would leave 0 of ")
    assert (guarded.stored.replaced, guarded.counts["mails_written"]) == (0, 0)
    assert read_table(data, CELLS).equals(cells)
    assert read_documents(data).equals(documents)

    accepted = collect(parameters.model_copy(update={"accepted": [f"{year}/{region}"]}))
    assert (accepted.troubles, accepted.stored.replaced) == ((), 1)
    assert read_table(data, CELLS)["value"].drop_nulls().is_empty()
    assert read_documents(data)["sha256"].to_list() != documents["sha256"].to_list()
