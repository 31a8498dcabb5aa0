"""Sketches of texts: like texts are found, others are not, in time that grows with their length."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import polars as pl
import pytest

from expectations.context import SKETCHES, Context
from expectations.likeness import (
    SHINGLE_CHARACTERS,
    estimate_likeness,
    pair_alike,
    sketch_parts,
    sketch_texts,
    to_rows,
)
from expectations.rules import evaluate
from storage.schema import PARTS

LETTERS = [chr(code) for code in range(0x4E00, 0x5E00)]


def write(seed: int, length: int = 600) -> str:
    """Write a text of letters drawn at random."""
    return "".join(random.Random(seed).choices(LETTERS, k=length))


def change(text: str, every: int) -> str:
    """Change one letter in so many."""
    return "".join("好" if place % every == 0 else letter for place, letter in enumerate(text))


def measure(left: str, right: str) -> float:
    """Give the Jaccard similarity of the shingles of two texts."""
    shingles = [
        {text[place : place + SHINGLE_CHARACTERS] for place in range(len(text) - 3)}
        for text in (left, right)
    ]
    return len(shingles[0] & shingles[1]) / len(shingles[0] | shingles[1])


@pytest.mark.parametrize("every", [20, 60, 200, 10_000])
def test_estimate_is_near_the_truth(every: int) -> None:
    """The likeness estimated is within 0.13 of the Jaccard similarity, whatever it is."""
    texts = [write(seed) for seed in range(20)]
    changed = [change(text, every) for text in texts]
    estimated = estimate_likeness(sketch_texts(pl.Series(texts)), sketch_texts(pl.Series(changed)))
    true = [measure(left, right) for left, right in zip(texts, changed, strict=True)]
    assert np.abs(estimated - true).max() < 0.13
    assert abs(estimated.mean() - np.mean(true)) < 0.03


def test_texts_do_not_run_into_each_other() -> None:
    """The sketch of a text is the same alone and among others, a short one is like none."""
    texts = [write(1), "", "短", write(2)]
    together = sketch_texts(pl.Series(texts))
    assert all(
        (sketch_texts(pl.Series([text])) == row).all()
        for text, row in zip(texts, together, strict=True)
    )
    assert estimate_likeness(together[1:2], together[2:3])[0] == 0


def test_pairs() -> None:
    """Texts nearly the same are paired within their group, and no others."""
    texts = [write(1), write(2), change(write(1), 300), write(3), write(1), write(2)]
    groups = pl.Series([2022, 2022, 2022, 2022, 2021, 2021])
    pairs = pair_alike(sketch_texts(pl.Series(texts)), groups, 0.9)
    assert pairs.select("index", "other").rows() == [(0, 2), (2, 0)]


def test_many_copies_are_all_found() -> None:
    """Of a text that a hundred bodies share, each is paired with another."""
    texts = [change(write(1), 500 + number) for number in range(100)] + [write(2)]
    pairs = pair_alike(sketch_texts(pl.Series(texts)), pl.repeat(2022, 101, eager=True), 0.9)
    assert pairs["index"].to_list() == list(range(100))


def test_names_and_numbers_do_not_count() -> None:
    """Two texts that differ in places, years and figures alone have one sketch."""
    texts = [
        f"{place}{year}年公开信息{count}条，{write(1)}"
        for place, year, count in (("上犹县", 2021, 3), ("信丰县", 2022, 45))
    ]
    rows = [(str(number), 1, 1, "", text) for number, text in enumerate(texts)]
    sketches = sketch_parts(pl.DataFrame(rows, schema=PARTS.schema, orient="row"))
    assert sketches.schema == SKETCHES
    both = to_rows(sketches["sketch"])
    assert estimate_likeness(both[:1], both[1:])[0] == 1


def test_no_parts() -> None:
    """No texts give no sketches."""
    assert sketch_parts(pl.DataFrame(schema=PARTS.schema)).is_empty()
    assert pair_alike(
        to_rows(pl.Series([], dtype=pl.List(pl.UInt32))), pl.Series([]), 0.9
    ).is_empty()


@pytest.mark.parametrize(
    ("text", "year", "found"), [(1, 2022, ["b"]), (2, 2022, []), (1, 2021, [])]
)
def test_stored_sketches_stand_for_texts(make: Any, text: int, year: int, found: list[str]) -> None:
    """A text is found again in the sketch of a report of any region that is not read again."""
    own = pl.DataFrame([("a", 1, 1, "", write(1))], schema=PARTS.schema, orient="row")
    other = pl.DataFrame([("b", 1, 1, "", write(text))], schema=PARTS.schema, orient="row")
    context = Context(
        parts=own,
        sketches=sketch_parts(other),
        sketched_reports=pl.DataFrame(
            {"report_id": ["b"], "year": [year], "publisher": ["b"]},
            schema_overrides={"year": pl.Int32},
        ),
    )
    reports, cells = make.build_report("a", "2021"), make.build_cells("a", make.fill("2021"))
    findings = evaluate(reports, cells, context).findings.filter(rule="Q-03", outcome="failed")
    assert [name for name in ("b",) for said in findings["message"] if name in said] == found
