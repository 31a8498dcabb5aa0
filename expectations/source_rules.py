"""Rules about where a report comes from: access, media, copies, hosts."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import polars as pl
import yaml

from expectations.form import load_cells
from expectations.remarks import write_figure, write_remarks
from expectations.report_rules import INSTANCE
from expectations.words import load_words
from storage.packing import choose_rows, unpack

MOST_NAMED = 20  # cells that a message names

HOSTS_FILE = Path(__file__).parent / "hosts.yaml"


def check_documents(documents: pl.DataFrame) -> list[pl.LazyFrame]:
    """Find documents of a report that cannot be opened (P-10) or that repeat it (P-13).

    Cases of P-10: `broken`, and `unread` where some only gave no answer.
    """
    outcome, lists = pl.col("outcome"), load_words().lists
    case = (
        pl.when(outcome.is_in(lists["not_accessible"]))
        .then(pl.lit("broken"))
        .when(outcome.is_in(lists["not_reached"]))
        .then(pl.lit("unread"))
        .when(outcome == "duplicate")
        .then(pl.lit("several"))
    )
    rule = pl.when(pl.col("case") == "several").then(pl.lit("P-13")).otherwise(pl.lit("P-10"))
    return [
        write_remarks(
            documents.lazy()
            .with_columns(case=case)
            .filter(pl.col("report_id").is_not_null(), pl.col("case").is_not_null())
            .with_columns(rule=rule)
            .sort("case", "url")
            .group_by("report_id", "rule", maintain_order=True)
            .agg(
                count=(pl.col("case") == pl.col("case").first()).sum(),
                case=pl.col("case").first(),
                url=pl.col("url").first(),
                outcome=pl.col("outcome").first(),
            ),
            rule=pl.col("rule"),
            case=pl.col("case"),
            instance=INSTANCE,
            count=pl.col("count"),
            detail=pl.col("url"),
            reported=pl.col("outcome"),
        )
    ]


def check_media(reports: pl.DataFrame) -> list[pl.LazyFrame]:
    """Find reports whose tables are pictures, whatever the file they stand in (P-11)."""
    is_picture = pl.col("media_type").str.contains(load_words().patterns["picture_media"]) | pl.col(
        "is_picture"
    )
    return [
        write_remarks(
            reports.lazy().filter(is_picture),
            rule="P-11",
            case="picture",
            instance=INSTANCE,
            reported=pl.col("media_type"),
        )
    ]


def check_script(reports: pl.DataFrame, hosts: tuple[str, ...]) -> list[pl.LazyFrame]:
    """Find reports printed in traditional characters (P-15).

    Cases: `converted` on a host that is not to be trusted (P-14), where a mirror put them so;
    else `traditional`, for a body's own site may offer both, and a file has no host.

    Args:
        reports: `report_id`, `url`, `script`.
        hosts: Those that people named as sources.
    """
    is_foreign = _judge_host(hosts).is_not_null()
    return [
        write_remarks(
            reports.lazy().filter(pl.col("script") == "traditional"),
            rule="P-15",
            case=pl.when(is_foreign).then(pl.lit("converted")).otherwise(pl.lit("traditional")),
            instance=INSTANCE,
            reported=pl.col("script"),
        )
    ]


@cache
def load_hosts() -> dict[str, list[str]]:
    """Load `hosts.yaml`: hosts `approved`, and `mirrors` of other sites."""
    hosts: dict[str, list[str]] = yaml.safe_load(HOSTS_FILE.read_text("utf-8"))
    return hosts


def check_hosts(reports: pl.DataFrame, hosts: tuple[str, ...]) -> list[pl.LazyFrame]:
    """Find reports from a host that is no government's, not approved and not named (P-14).

    Cases `foreign`, and `mirror` for sites known to copy others, named or not. A file has no
    host, and is not judged.

    Args:
        reports: `report_id`, `url`.
        hosts: Those that people named as sources.
    """
    case = _judge_host(hosts)
    return [
        write_remarks(
            reports.lazy().filter(case.is_not_null()),
            rule="P-14",
            case=case,
            instance=INSTANCE,
            reported=_name_host(),
        )
    ]


def _name_host() -> pl.Expr:
    return pl.col("url").str.extract(load_words().patterns["host"], 1).str.to_lowercase()


def _judge_host(hosts: tuple[str, ...]) -> pl.Expr:
    """Tell a `mirror` and a `foreign` host; null for one to be trusted, and for a file."""
    words, known, host = load_words().patterns, load_hosts(), _name_host()
    is_trusted = host.str.contains(words["government_host"]) | host.is_in(
        [*hosts, *known["approved"]]
    )
    return (
        pl.when(host.str.extract(words["domain"], 1).is_in(known["mirrors"]))
        .then(pl.lit("mirror"))
        .when(~is_trusted)
        .then(pl.lit("foreign"))
    )


def list_differing(cells: pl.DataFrame, copies: pl.DataFrame) -> pl.DataFrame:
    """List the copied cells that differ from the report's own; unread ones do not count.

    Args:
        cells: As the cells table.
        copies: As the copies table, equal figures too.
    """
    key = ["report_id", "table", "row", "column"]
    own = _name_cells(cells, copies).select(*key, own="value").rechunk()
    return (
        copies.join(own, on=key, maintain_order="left")
        .filter(pl.col("value") != pl.col("own"))
        .drop("own")
    )


def _name_cells(cells: pl.DataFrame, copies: pl.DataFrame) -> pl.DataFrame:
    """Give the cells of reports with copies, those of a packed frame by their names."""
    return unpack(choose_rows(cells, copies))


def check_second_readings(cells: pl.DataFrame, copies: pl.DataFrame) -> list[pl.LazyFrame]:
    """Find cells that page and attachment print differently (P-12); unread ones do not count."""
    key = ["table", "row", "column"]
    titles = {name: cell.title for name, cell in load_cells().items()}
    differing = (
        list_differing(cells, copies)
        .lazy()
        .rename({"value": "expected"})
        .join(
            _name_cells(cells, copies).lazy().select("report_id", *key, reported="value"),
            on=["report_id", *key],
        )
        .with_columns(cell=pl.concat_str(key, separator="."))
        .with_columns(
            pair=pl.format(
                "{} {}/{}",
                pl.col("cell").replace_strict(titles, default=pl.col("cell")),
                write_figure("reported"),
                write_figure("expected"),
            )
        )
        .sort("report_id", "url", "cell")
        .group_by("report_id", maintain_order=True)
        .agg(
            pl.len().alias("count"),
            pl.col("cell").alias("cells"),
            pl.col("pair").head(MOST_NAMED).str.join("; ")
            + pl.when(pl.len() > MOST_NAMED).then(pl.lit("; …")).otherwise(pl.lit("")),
            pl.col("url", "expected", "reported").first(),
        )
    )
    return [
        write_remarks(
            differing,
            rule="P-12",
            case="differ",
            instance=INSTANCE,
            cells=pl.col("cells"),
            name=pl.col("pair"),
            count=pl.col("count"),
            expected=write_figure("expected"),
            reported=write_figure("reported"),
            difference=pl.col("reported") - pl.col("expected"),
            detail=pl.col("url"),
        )
    ]
