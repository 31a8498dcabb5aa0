"""Promises of the lake's tables."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest

from storage.folder import StorageError
from storage.lake import list_partitions, read_table, scan_table
from storage.schema import CELLS, FINDINGS, REPORTS, Column, Table, list_tables
from storage.store import store_reports

Frames = dict[Table, pl.DataFrame]
MakeFrames = Callable[..., Frames]

NOW = datetime(2026, 2, 1, 2, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=7)
PLACES = [
    ("r1", 2021, "CN-JX"),
    ("r2", 2021, "CN-JX"),
    ("r3", 2022, "unresolved"),
    ("r4", 2022, "CN"),
]


def _fingerprint(data: Path) -> dict[str, tuple[bytes, int, int]]:
    """The bytes, the time and the inode of every file that readers see."""
    return {
        str(path.relative_to(data)): (
            path.read_bytes(),
            path.stat().st_mtime_ns,
            path.stat().st_ino,
        )
        for path in data.rglob("*.parquet")
    }


def _report(data: Path, report_id: str) -> dict[str, object]:
    return read_table(data, REPORTS).row(by_predicate=pl.col("report_id") == report_id, named=True)


def test_frames_come_back_as_stored(tmp_path: Path, make_frames: MakeFrames) -> None:
    """What is stored is read back with its types, nulls and partition columns, sorted by key."""
    frames = make_frames(PLACES, failed=["r3"])
    store_reports(tmp_path, frames, NOW)
    for table in (CELLS, FINDINGS):
        expected = frames[table].sort("year", "region", *table.key)
        assert read_table(tmp_path, table).equals(expected)
        assert scan_table(tmp_path, table).collect().equals(expected)
    assert read_table(tmp_path, CELLS)["value"].null_count() == len(PLACES)
    assert _report(tmp_path, "r3")["region_candidates"] == ["360724", "440204"]


def test_an_empty_folder_reads_as_empty_tables(tmp_path: Path) -> None:
    """Where nothing is stored, the readers give frames without rows and with all columns."""
    for table in list_tables():
        assert read_table(tmp_path / "missing", table).schema == table.frame_schema
        assert scan_table(tmp_path / "missing", table).collect_schema() == table.frame_schema


def test_years_and_regions_select_partitions(tmp_path: Path, make_frames: MakeFrames) -> None:
    """Only the partitions asked for are read: a damaged file elsewhere does not matter."""
    store_reports(tmp_path, make_frames(PLACES), NOW)
    (tmp_path / "lake/reports/year=2022/region=CN/part.parquet").write_bytes(b"damage")
    assert read_table(tmp_path, REPORTS, years=[2021])["report_id"].to_list() == ["r1", "r2"]
    assert scan_table(tmp_path, REPORTS, regions=["unresolved"]).collect()["year"].to_list() == [
        2022
    ]
    with pytest.raises(StorageError, match=r"region=CN/part\.parquet: expected a Parquet file"):
        read_table(tmp_path, REPORTS)


# What an engine finds in the cells: rows, regions, values and the type of the values.
Found = tuple[int, set[str], Sequence[object], str]


def _read_by_duckdb(folder: Path) -> Found:
    found = duckdb.read_parquet(f"{folder}/**/*.parquet", hive_partitioning=True)
    types = dict(zip(found.columns, map(str, found.types), strict=True))
    assert types["region"] == "VARCHAR"
    assert types["year"] == "BIGINT"
    rows = found.project("region, value").fetchall()
    return len(rows), {row[0] for row in rows}, [row[1] for row in rows], types["value"]


def _read_by_polars(folder: Path) -> Found:
    found = pl.read_parquet(f"{folder}/**/*.parquet", hive_partitioning=True)
    assert found.schema["year"] == pl.Int64
    values = found["value"].to_list()
    return found.height, set(found["region"]), values, str(found.schema["value"])


def _read_by_pyarrow(folder: Path) -> Found:
    found = pyarrow.dataset.dataset(folder, partitioning="hive").to_table()
    assert found.schema.field("year").type == pa.int32()
    assert found.schema.field("region").type == pa.string()
    values = found["value"].to_pylist()
    return found.num_rows, set(found["region"].to_pylist()), values, str(found["value"].type)


def _read_by_pandas(folder: Path) -> Found:
    found = pd.read_parquet(folder)
    assert found["year"].astype(int).between(2021, 2022).all()
    values = [value if isinstance(value, Decimal) else None for value in found["value"]]
    return len(found), set(found["region"]), values, "object"


@pytest.mark.parametrize(
    ("read", "decimal"),
    [
        (_read_by_duckdb, "DECIMAL(20,6)"),
        (_read_by_polars, "Decimal(precision=20, scale=6)"),
        (_read_by_pyarrow, "decimal128(20, 6)"),
        (_read_by_pandas, "object"),
    ],
    ids=["duckdb", "polars", "pyarrow", "pandas"],
)
def test_every_engine_reads_the_same(
    tmp_path: Path,
    make_frames: MakeFrames,
    read: Callable[[Path], Found],
    decimal: str,
) -> None:
    """Each engine finds all rows, whole or decimal figures, nulls, and text regions by a glob."""
    store_reports(tmp_path, make_frames(PLACES, value="12345678901234.567891"), NOW)
    count, regions, values, found = read(tmp_path / "lake/cells")
    assert count == 3 * len(PLACES)
    assert regions == {"CN-JX", "unresolved", "CN"}
    assert set(values) == {Decimal("12345678901234.567891"), None}
    assert found == decimal


def _prune_by_duckdb(folder: Path) -> set[str]:
    files = f"read_parquet('{folder}/**/*.parquet', hive_partitioning = true)"
    query = f"SELECT DISTINCT report_id FROM {files} WHERE year = 2021"  # noqa: S608 our own path
    with duckdb.connect() as connection:
        return {row[0] for row in connection.execute(query).fetchall()}


def _prune_by_polars(folder: Path) -> set[str]:
    scan = pl.scan_parquet(f"{folder}/**/*.parquet", hive_partitioning=True)
    return set(scan.filter(pl.col("year") == 2021).collect()["report_id"])


def _prune_by_pyarrow(folder: Path) -> set[str]:
    found = pyarrow.dataset.dataset(folder, partitioning="hive")
    is_wanted = pyarrow.dataset.field("year") == 2021
    return set(found.to_table(filter=is_wanted)["report_id"].to_pylist())


def _prune_by_pandas(folder: Path) -> set[str]:
    return set(pd.read_parquet(folder, filters=[("year", "==", 2021)])["report_id"])


@pytest.mark.parametrize(
    "read",
    [_prune_by_duckdb, _prune_by_polars, _prune_by_pyarrow, _prune_by_pandas],
    ids=["duckdb", "polars", "pyarrow", "pandas"],
)
def test_every_engine_opens_the_partitions_it_needs_alone(
    tmp_path: Path, make_frames: MakeFrames, read: Callable[[Path], set[str]]
) -> None:
    """Asked for a year, an engine reads no file of another: damage there does not matter to it."""
    store_reports(tmp_path, make_frames(PLACES), NOW)
    folder = tmp_path / "lake/cells"
    for path in folder.glob("year=2022/*/part.parquet"):
        path.write_bytes(b"damage")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read(folder) == {"r1", "r2"}


@pytest.mark.parametrize("table", list_tables(), ids=lambda table: table.name)
def test_files_carry_the_declaration(tmp_path: Path, make_frames: MakeFrames, table: Table) -> None:
    """Every file has the declared columns without the partition's, each with its meaning."""
    store_reports(tmp_path, make_frames(PLACES, failed=["r1"]), NOW)
    for partition in list_partitions(tmp_path, table):
        folder = f"year={partition.year}/region={partition.region}"
        file = pq.ParquetFile(tmp_path / "lake" / table.name / folder / "part.parquet")
        assert file.schema_arrow.names == [column.name for column in table.columns]
        assert [
            (field.metadata[b"comment"].decode(), field.metadata[b"unit"].decode())
            for field in file.schema_arrow
        ] == [(column.meaning, column.unit) for column in table.columns]
        if file.metadata.num_rows:
            assert file.metadata.row_group(0).column(0).compression == "ZSTD"


def test_the_same_again_touches_no_file(tmp_path: Path, make_frames: MakeFrames) -> None:
    """A second identical run, later and in another order of rows, leaves every file alone."""
    frames = make_frames(PLACES, failed=["r1", "r3"])
    store_reports(tmp_path, frames, NOW)
    before = _fingerprint(tmp_path)
    turned = {
        table: frame.sample(fraction=1, shuffle=True, seed=1) for table, frame in frames.items()
    }
    summary = store_reports(tmp_path, turned, LATER)
    assert _fingerprint(tmp_path) == before
    assert (summary.kept, summary.added, summary.files) == (4, 0, ())


def test_the_same_rows_give_the_same_bytes(tmp_path: Path, make_frames: MakeFrames) -> None:
    """Bytes do not depend on the folder, on the order of rows, or on how many calls stored them."""
    frames = make_frames(PLACES, failed=["r2"])
    store_reports(tmp_path / "at=once", frames, NOW)
    for report_id in ("r4", "r2", "r1", "r3"):
        own = {t: frame.filter(pl.col("report_id") == report_id) for t, frame in frames.items()}
        store_reports(tmp_path / "singly", own, NOW)
    once, singly = (
        {path: content[0] for path, content in _fingerprint(tmp_path / name).items()}
        for name in ("at=once", "singly")
    )
    assert once == singly


def test_an_upsert_leaves_other_reports_alone(tmp_path: Path, make_frames: MakeFrames) -> None:
    """All rows of the reports handed in are replaced, no other row, and no other partition."""
    store_reports(tmp_path, make_frames(PLACES, failed=["r1", "r2"]), NOW)
    before = _fingerprint(tmp_path)
    summary = store_reports(tmp_path, make_frames(PLACES[:1], cells=1, sha="b", value="7"), LATER)
    cells = read_table(tmp_path, CELLS).group_by("report_id").len().sort("report_id")
    assert cells.rows() == [("r1", 1), ("r2", 3), ("r3", 3), ("r4", 3)]
    assert read_table(tmp_path, FINDINGS)["report_id"].to_list() == ["r2"]
    changed = {name for name, content in _fingerprint(tmp_path).items() if content != before[name]}
    assert changed == {
        f"lake/{table}/year=2021/region=CN-JX/part.parquet"
        for table in ("reports", "cells", "findings", "report_versions", "cell_changes")
    }
    assert changed == set(summary.files)


def test_a_settled_region_moves_the_report(tmp_path: Path, make_frames: MakeFrames) -> None:
    """A report that changes its partition leaves the old one, whose files stay without rows."""
    store_reports(tmp_path, make_frames(PLACES, failed=["r3"]), NOW)
    summary = store_reports(tmp_path, make_frames([("r3", 2022, "CN-GD")], failed=["r3"]), LATER)
    assert (summary.moved, summary.kept) == (1, 1)
    for table in list_tables():
        rows = read_table(tmp_path, table).filter(pl.col("report_id") == "r3")
        assert set(rows["region"]) == {"CN-GD"}
        left = tmp_path / "lake" / table.name / "year=2022/region=unresolved/part.parquet"
        assert pq.read_metadata(left).num_rows == 0
    assert len(duckdb.read_parquet(f"{tmp_path}/lake/reports/**/*.parquet").fetchall()) == 4


def test_a_withdrawn_report_leaves_every_table(tmp_path: Path, make_frames: MakeFrames) -> None:
    """Rows of ids that are withdrawn go, others stay; one that is handed in as well is stored."""
    store_reports(tmp_path, make_frames(PLACES, failed=["r3"]), NOW)
    withdrawn = ["r1", "r3", "unknown"]
    summary = store_reports(tmp_path, make_frames(PLACES[:1], sha="b"), LATER, withdrawn)
    assert (summary.withdrawn, summary.replaced) == (1, 1)
    for table in list_tables():
        assert "r3" not in read_table(tmp_path, table)["report_id"]
    assert read_table(tmp_path, REPORTS)["report_id"].sort().to_list() == ["r1", "r2", "r4"]


@pytest.mark.parametrize(
    ("again", "version", "checked_at", "changed_at", "counted"),
    [
        ({}, 1, NOW, None, "kept"),
        ({"failed": ["r1"]}, 1, LATER, None, "rechecked"),
        ({"sha": "b"}, 2, LATER, LATER, "replaced"),
    ],
    ids=["same bytes, same outcome", "same bytes, other outcome", "other bytes"],
)
def test_versions_count_changed_texts(
    tmp_path: Path,
    make_frames: MakeFrames,
    again: dict[str, object],
    version: int,
    checked_at: datetime,
    changed_at: datetime | None,
    counted: str,
) -> None:
    """Only other bytes make a version; only another outcome moves the time of the check."""
    store_reports(tmp_path, make_frames(PLACES[:1]), NOW)
    summary = store_reports(tmp_path, make_frames(PLACES[:1], **again), LATER)
    report = _report(tmp_path, "r1")
    found = (report["version"], report["checked_at"], report["changed_at"])
    assert found == (version, checked_at, changed_at)
    assert getattr(summary, counted) == 1
    store_reports(tmp_path, make_frames(PLACES[:1], **again), LATER + timedelta(days=1))
    assert _report(tmp_path, "r1") == report


def test_a_changed_message_counts_as_another_outcome(
    tmp_path: Path, make_frames: MakeFrames
) -> None:
    """The time of the check moves when any word of a finding does, not only the counts."""
    frames = make_frames(PLACES[:1], failed=["r1"])
    store_reports(tmp_path, frames, NOW)
    frames[FINDINGS] = frames[FINDINGS].with_columns(expected=pl.lit("2"))
    assert store_reports(tmp_path, frames, LATER).rechecked == 1
    assert _report(tmp_path, "r1")["checked_at"] == LATER


def test_the_first_fetch_is_remembered(tmp_path: Path, make_frames: MakeFrames) -> None:
    """`fetched_at` stays that of the first fetch of these bytes, and is new for new bytes."""
    frames = make_frames(PLACES[:1])
    store_reports(tmp_path, frames, NOW)
    fetched_again = pl.lit(LATER).cast(REPORTS.schema["fetched_at"])
    frames[REPORTS] = frames[REPORTS].with_columns(fetched_at=fetched_again)
    store_reports(tmp_path, frames, LATER)
    assert _report(tmp_path, "r1")["fetched_at"] == datetime(2026, 1, 1, tzinfo=UTC)
    frames[REPORTS] = frames[REPORTS].with_columns(source_sha256=pl.lit("b"))
    store_reports(tmp_path, frames, LATER)
    assert _report(tmp_path, "r1")["fetched_at"] == LATER


def test_what_storing_sets_need_not_be_given(tmp_path: Path, make_frames: MakeFrames) -> None:
    """Reports may come without version and instants of their own, and with columns in any order."""
    frames = make_frames(PLACES[:1])
    set_here = ["version", "checked_at", "changed_at"]
    frames[REPORTS] = frames[REPORTS].drop(set_here)
    frames[CELLS] = frames[CELLS].select(reversed(frames[CELLS].columns))
    store_reports(tmp_path, frames, NOW)
    assert [_report(tmp_path, "r1")[name] for name in set_here] == [1, NOW, None]
    assert read_table(tmp_path, CELLS).schema == CELLS.frame_schema


def test_a_further_table_is_stored_along(tmp_path: Path, make_frames: MakeFrames) -> None:
    """A table that another layer declares is stored like the others."""
    wide = Table(
        "wide", "report", ("report_id",), (Column("report_id", pl.String, "as in reports"),)
    )
    frames = make_frames(PLACES)
    store_reports(
        tmp_path, {**frames, wide: frames[REPORTS].select(wide.frame_schema.names())}, NOW
    )
    assert read_table(tmp_path, wide).height == len(PLACES)


def _drop_column(frames: Frames) -> None:
    frames[CELLS] = frames[CELLS].drop("text")


def _change_type(frames: Frames) -> None:
    frames[CELLS] = frames[CELLS].cast({"value": pl.Float64})


def _forget_scope(frames: Frames) -> None:
    frames[REPORTS] = frames[REPORTS].with_columns(scope=pl.lit(None, pl.String))


def _repeat_cell(frames: Frames) -> None:
    frames[CELLS] = pl.concat([frames[CELLS], frames[CELLS].head(1)])


def _repeat_report(frames: Frames) -> None:
    other = frames[REPORTS].head(1).with_columns(region=pl.lit("CN"))
    frames[REPORTS] = pl.concat([frames[REPORTS], other])


def _stray_cell(frames: Frames) -> None:
    frames[CELLS] = frames[CELLS].with_columns(region=pl.lit("CN-XZ"))


def _climb_out(frames: Frames) -> None:
    for table in frames:
        frames[table] = frames[table].with_columns(region=pl.lit("../../x"))


def _omit_findings(frames: Frames) -> None:
    del frames[FINDINGS]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_drop_column, "text: expected String, found no such column"),
        (_change_type, r"value: expected Decimal\(.*\), found Float64"),
        (_forget_scope, r"found null in scope \(1 rows\)"),
        (_repeat_cell, "found report_id='r1', table='t3', row='row_0'.* more than once"),
        (_repeat_report, "expected each report once, found 'r1'"),
        (_stray_cell, "table cells: expected rows of reports handed in together"),
        (_climb_out, "expected an ISO 3166-2 code, .* found '../../x'"),
        (_omit_findings, "found none of findings"),
    ],
    ids=lambda value: value.__name__.strip("_") if callable(value) else "",
)
def test_wrong_frames_change_nothing(
    tmp_path: Path, make_frames: MakeFrames, spoil: Callable[[Frames], None], message: str
) -> None:
    """A frame that is not as declared is refused with what is wrong, and nothing is stored."""
    store_reports(tmp_path, make_frames(PLACES), NOW)
    before = _fingerprint(tmp_path)
    frames = make_frames(PLACES[:1], value="9", sha="b")
    spoil(frames)
    with pytest.raises(StorageError, match=message):
        store_reports(tmp_path, frames, LATER)
    assert _fingerprint(tmp_path) == before
    assert not list((tmp_path / "staging").iterdir())


def test_a_file_of_another_version_is_not_overwritten(
    tmp_path: Path, make_frames: MakeFrames
) -> None:
    """A stored file with other columns stops the run with its path and the columns at fault."""
    store_reports(tmp_path, make_frames(PLACES), NOW)
    path = tmp_path / "lake/cells/year=2021/region=CN-JX/part.parquet"
    pq.write_table(pq.read_table(path, partitioning=None).drop_columns(["note"]), path)
    with pytest.raises(StorageError, match=r"CN-JX.*note: expected String, found no such column"):
        store_reports(tmp_path, make_frames(PLACES[:1], sha="b"), LATER)


def test_no_reports_are_stored_without_ado(tmp_path: Path, make_frames: MakeFrames) -> None:
    """Frames without rows, from a run that found nothing, make no file and raise nothing."""
    assert store_reports(tmp_path, make_frames([]), NOW).files == ()
    assert not (tmp_path / "lake").exists()
    assert not list((tmp_path / "locks").iterdir())


def test_a_file_from_before_a_column_was_declared_is_read(
    tmp_path: Path, make_frames: MakeFrames
) -> None:
    """A column declared later is null there, read whole or lazily."""
    store_reports(tmp_path, make_frames(PLACES, failed=["r3"]), NOW)
    path = next((tmp_path / "lake/findings").glob("year=2022/region=unresolved/*.parquet"))
    before = pq.read_table(path, partitioning=None).drop_columns(["held"])
    pq.write_table(before.replace_schema_metadata(None), path)
    assert read_table(tmp_path, FINDINGS)["held"].null_count() == 1
    assert scan_table(tmp_path, FINDINGS).collect()["held"].null_count() == 1
