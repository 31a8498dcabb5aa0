"""Every rule passes a right report and fails a broken one: `breaks.yaml`."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from expectations.context import OLDER_ROWS, ROSTER, Context
from expectations.form import load_form, load_forms
from expectations.rulebook import load_rulebook
from expectations.rules import Evaluation, evaluate
from expectations.statement_remarks import STATEMENT_RULES
from storage.schema import COPIES, DOCUMENTS, LABELS, PARTS

FILES = sorted(Path(__file__).parent.glob("*breaks.yaml"))
FACTS = yaml.safe_load((Path(__file__).parent / "breaks.yaml").read_text("utf-8"))
STANDARD = FACTS["standard"]
BREAKS: dict[str, dict[str, Any]] = {
    rule: facts
    for path in FILES
    for rule, facts in yaml.safe_load(path.read_text("utf-8"))["rules"].items()
}
JUDGED: dict[str, tuple[Evaluation, str]] = {}


def check(make: Any, rule: str, *states: str) -> tuple[Evaluation, str]:
    """Evaluate the report of a rule in its last state; give its id as well."""
    spec: dict[str, Any] = {}
    for state in states:
        spec = merge(spec, BREAKS[rule].get(state, {}))
    known = repr(spec)  # many rules start from the same right report
    if known not in JUDGED:
        report_id, reports, cells, context = build(make, spec)
        JUDGED[known] = evaluate(reports, cells, context), report_id
    return JUDGED[known]


def merge(spec: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """Merge one description of a report into another, the inner maps as well."""
    merged = dict(spec)
    for key, value in more.items():
        is_map = isinstance(value, dict) and isinstance(spec.get(key), dict)
        merged[key] = merge(spec[key], value) if is_map else value
    return merged


def build(make: Any, spec: dict[str, Any]) -> tuple[str, pl.DataFrame, pl.DataFrame, Context]:
    """Build the standard report as a description changes it, with all that may be known."""
    form = spec.get("form", "2021")
    year = spec.get("facts", {}).get("year", 2020 if form == "2019" else 2022)
    first = build_one(make, {**spec, "form": form}, "a", year)
    others = [
        build_one(make, {"form": "2021", **other}, name, year)
        for name, other in spec.get("others", {}).items()
    ]
    last = spec.get("last")
    earlier = build_one(make, {"form": "2021", **last}, "a", year - 1) if last is not None else None
    given = [first, *others]
    parts = pl.concat([one[3] for one in (*given, *([earlier] if earlier else []))])
    context = Context(
        parts=parts,
        labels=first[4],
        other_reports=earlier[1] if earlier else first[1].clear(),
        other_cells=earlier[2] if earlier else first[2].clear(),
        **build_frames(spec, first[0]),
    )
    return (
        first[0],
        pl.concat([one[1] for one in given]),
        pl.concat([one[2] for one in given]),
        context,
    )


def build_one(
    make: Any, spec: dict[str, Any], name: str, year: int
) -> tuple[str, pl.DataFrame, pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Build the frames of one report: its id, row, cells, parts and labels."""
    report_id, form = f"{name}-{year}", spec["form"]
    report = make.build_report(report_id, form, **{**spec.get("facts", {}), "year": year})
    readings = build_readings(make, spec, form) if form in load_forms() else {}
    cells = make.build_cells(report_id, readings)
    if "note" in spec:
        key = pl.concat_str("table", "row", "column", separator=".")
        cells = cells.with_columns(
            note=pl.when(key.is_in(list(spec["cells"]))).then(pl.lit(spec["note"]))
        )
    if "no_unit" in spec:
        key = pl.concat_str("table", "row", "column", separator=".")
        cells = cells.with_columns(unit=pl.when(key != spec["no_unit"]).then("unit"))
    return (
        report_id,
        report,
        cells,
        build_parts(spec, report_id, year),
        build_labels(spec, report_id),
    )


def build_readings(make: Any, spec: dict[str, Any], form: str) -> dict[str, Any]:
    """Fill the form and change the cells that the description names."""
    readings: dict[str, Any] = dict(make.fill(form, spec.get("seed", 1)))
    if spec.get("zero"):
        readings = dict.fromkeys(readings, 0)
    if "table_absent" in spec:
        table = load_form(form).tables[spec["table_absent"]]
        readings |= {cell.key: ("absent", None) for cell in table.cells}
    if spec.get("copy_carried"):
        readings |= {
            key.replace("carried_out", "carried_in"): value
            for key, value in readings.items()
            if "carried_out" in key
        }
    changes = {key: as_reading(value) for key, value in spec.get("cells", {}).items()}
    if spec.get("rebalance"):
        for key, value in changes.items():
            table, row, column = key.split(".")
            added = value - readings[key]
            for line in (row, "closed", "new"):
                for place in {column, "total"}:
                    readings[f"{table}.{line}.{place}"] += added
        return readings
    return readings | changes


def as_reading(value: Any) -> Any:
    """Turn a value of the file into a reading."""
    if isinstance(value, str):
        return (value, None if value == "absent" else "")
    if isinstance(value, list):
        return (as_reading(value[0]) if isinstance(value[0], float) else value[0], value[1])
    return Decimal(str(value)) if isinstance(value, float) else value


def build_parts(spec: dict[str, Any], report_id: str, year: int) -> pl.DataFrame:
    """Build the parts of the text: a number, or a list of number, heading and text."""
    texts = {**STANDARD["parts"], **(spec.get("parts") or {})}
    if "long" in spec:
        texts[1] = texts[1].replace("{year}", str(year)).replace("\n", "")
        texts[1] += "好" * (spec["long"] - len(texts[1]))
    if spec.get("twice"):
        texts[6] = "\n".join([texts[5].split("\n")[0] * 2] * 2)
    order = spec.get("order", sorted(texts))
    rows = [
        (report_id, position, number, STANDARD["headings"][number], fill_years(texts[number], year))
        for position, number in enumerate(order)
        if texts[number] is not None
    ]
    return pl.DataFrame(rows, schema=PARTS.schema, orient="row")


def fill_years(text: str, year: int) -> str:
    """Put the report year and its neighbours in."""
    years = {"year": year, "next": year + 1, "last": year - 1}
    for name, value in years.items():
        text = text.replace(f"{{{name}}}", str(value))
    return text


def build_labels(spec: dict[str, Any], report_id: str) -> pl.DataFrame:
    """Build the labels of a report that are not as the form has them."""
    rows = [
        (report_id, table, line, number, key[0] if key else None, text)
        for number, (name, text) in enumerate(spec.get("labels", {}).items(), 1)
        for table, line, *key in (name.split("."),)
    ]
    return pl.DataFrame(rows, schema=LABELS.schema, orient="row")


def build_frames(spec: dict[str, Any], report_id: str) -> dict[str, Any]:
    """Build the further frames of the context, empty where the description has none."""
    older = [
        {"report_id": report_id, "position": position, "label": row[0], "value": row[1]}
        | ({"cumulative": row[2]} if len(row) > 2 else {})
        for position, row in enumerate(spec.get("older", []))
    ]
    rows = {
        "documents": (spec.get("documents", []), pl.Schema(DOCUMENTS.schema)),
        "copies": (spec.get("copies", []), COPIES.schema),
        "roster": (spec.get("roster", []), ROSTER),
        "older_rows": (older, OLDER_ROWS),
    }
    frames = {name: pl.DataFrame(given, schema=schema) for name, (given, schema) in rows.items()}
    return {**frames, "hosts": ()}


def list_findings(evaluation: Evaluation, report_id: str) -> set[tuple[str, str]]:
    """List the rule and instance of every failed finding of a report."""
    failed = evaluation.findings.filter(
        pl.col("outcome") == "failed", pl.col("report_id") == report_id
    )
    return set(failed.select("rule", "instance").iter_rows())


def read_outcome(evaluation: Evaluation, rule: str, report_id: str) -> str:
    """Give the outcome of a rule for a report."""
    row = evaluation.outcomes.filter(pl.col("report_id") == report_id)
    return str(row[rule].item())


def test_every_rule_has_a_break() -> None:
    """No rule goes without a report that passes it and one that fails it.

    Those on prose have theirs in `test_statement_rules.py`, which holds itself to it.
    """
    assert set(BREAKS) == set(load_rulebook().rules) - set(STATEMENT_RULES)


@pytest.mark.parametrize("edition", ["2021", "2019"])
def test_standard_report_has_no_finding(make: Any, edition: str) -> None:
    """With everything known of it, a plausible report has no finding, and each rule is run."""
    _, reports, cells, context = build(make, {"form": edition})
    evaluation = evaluate(reports, cells, context)
    assert evaluation.findings.select("rule", "message").rows() == []
    assert set(evaluation.not_run) == set(STATEMENT_RULES)


@pytest.mark.parametrize("rule", BREAKS)
def test_break_flips_outcome(rule: str, make: Any) -> None:
    """A right report passes the rule; broken in one place it fails there, with a message."""
    right, _ = check(make, rule, "right")
    broken, report_id = check(make, rule, "right", "wrong")
    outcomes = [read_outcome(one, rule, report_id) for one in (right, broken)]
    assert outcomes == ["passed", "failed"]
    instance = BREAKS[rule]["instance"]
    assert (rule, instance) in list_findings(broken, report_id)
    finding = broken.findings.row(
        by_predicate=(pl.col("rule") == rule)
        & (pl.col("instance") == instance)
        & (pl.col("report_id") == report_id),
        named=True,
    )
    assert finding["message"] and "{" not in finding["message"]
    severity = BREAKS[rule].get("severity", load_rulebook().rules[rule].severity)
    assert finding["severity"] == severity
    assert finding["description"] == load_rulebook().rules[rule].description
