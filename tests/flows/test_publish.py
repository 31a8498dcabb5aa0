"""What stands beside the lake after a run, and the worked queries of the README."""

from __future__ import annotations

import csv
import re
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import frictionless
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from expectations.wide import WIDE
from storage.lake import Partition, locate_file, read_table
from storage.parquet import read_run_id
from storage.schema import REPORTS, add_partition, list_history, list_release_tables, list_tables
from tasks.publishing.dictionary import describe_tables
from tasks.publishing.publish import publish_files

ROOT = Path(__file__).resolve().parents[2]
LAKE = (*list_tables(), WIDE, *list_history())
# A block of the README that is one query.
QUERY = re.compile(r"^    (SELECT\b.*?;)$", re.MULTILINE | re.DOTALL)
QUERIES = QUERY.findall((ROOT / "README.md").read_text("utf-8"))


@pytest.fixture
def data(sample_runs: Any, tmp_path: Path) -> Path:
    """Copy the demo's folder, which other tests read, to publish from."""
    return Path(shutil.copytree(sample_runs.folder, tmp_path / "data"))


@pytest.mark.parametrize("table", LAKE, ids=lambda table: table.name)
def test_a_flat_file_has_the_rows_of_the_lake(sample_runs: Any, table: Any) -> None:
    """One file a table, in the order of year, region and key, with the declared notes."""
    path = sample_runs.folder / f"flat/{table.name}.parquet"
    frame = pl.read_parquet(path)
    declared = add_partition(table)
    assert frame.columns == [column.name for column in declared.columns]
    if table.has_run_id:
        run_ids = {Partition(*row[:2]): row[2] for row in _list_run_ids(frame)}
        assert run_ids == {
            place: read_run_id(sample_runs.folder / locate_file(table, place), table)
            for place in run_ids
        }
    frame = frame.select(declared.schema.names())
    assert frame.schema == declared.schema
    assert frame.equals(read_table(sample_runs.folder, table).sort("year", "region", *table.key))
    comments = [field.metadata[b"comment"].decode() for field in pq.read_schema(path)]
    assert comments == [column.meaning for column in add_partition(table).columns]


def _list_run_ids(frame: pl.DataFrame) -> list[tuple[int, str, str]]:
    return frame.select("year", "region", "run_id").unique().rows()


def test_excel_gets_the_wide_table_with_chinese_names(sample_runs: Any) -> None:
    """The CSV has the mark that Excel needs, figures as people write them, and no 0 for null."""
    path = sample_runs.folder / "flat/wide.csv"
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = {row["报告编号"]: row for row in csv.DictReader(file)}
    wide = read_table(sample_runs.folder, WIDE)
    assert set(rows) == set(wide["report_id"])
    titles = {e.column: e.title_zh for d in describe_tables() if d.table is WIDE for e in d.entries}
    for report in wide.iter_rows(named=True):
        for name in ("t3.new.total", "t2.fees.amount", "t4.review.total"):
            printed = rows[report["report_id"]][titles[name]]
            figure = report[name]
            assert printed == ("" if figure is None else f"{figure.normalize():f}")


def test_a_second_publication_writes_nothing(data: Path) -> None:
    """What is as the lake has it is left alone; what is gone or moved is made again."""
    assert set(publish_files(data)) == {"gouji.duckdb"}  # its views name the folder
    assert publish_files(data) == ()
    (data / "flat/cells.parquet").unlink()
    (data / "data_dictionary.csv").unlink()
    assert set(publish_files(data)) == {"flat/cells.parquet", "data_dictionary.csv"}


def test_the_package_is_a_frictionless_data_package(sample_runs: Any) -> None:
    """The library of Frictionless finds no fault with it, nor with the CSV it describes."""
    path = sample_runs.folder / "datapackage.json"
    package = frictionless.Package(str(path))
    assert frictionless.Package.validate_descriptor(package.to_descriptor()).valid
    assert {resource.path for resource in package.resources} == {
        *(f"flat/{table.name}.parquet" for table in LAKE),
        "flat/wide.csv",
    }
    report = package.get_resource("wide-csv").validate()
    assert report.valid, report.flatten(["type", "note"])


def test_the_package_fails_where_it_is_wrong(sample_runs: Any) -> None:
    """The library that finds no fault finds one where there is one."""
    descriptor = frictionless.Package(str(sample_runs.folder / "datapackage.json")).to_descriptor()
    descriptor["resources"][0]["schema"]["fields"][0]["type"] = "colour"
    assert not frictionless.Package.validate_descriptor(descriptor).valid


def test_duckdb_clients_from_1_0_on_can_open_the_views(sample_runs: Any) -> None:
    """The file has the storage version of DuckDB 1.0, which is written at its start."""
    head = (sample_runs.folder / "gouji.duckdb").read_bytes()[:20]
    assert head[8:12] == b"DUCK"
    assert int.from_bytes(head[12:20], "little") == 64


def test_every_view_has_its_comments_and_a_chinese_twin(sample_runs: Any) -> None:
    """Each table is a view with the lake's rows; each column of it is explained, twice named."""
    with duckdb.connect(sample_runs.folder / "gouji.duckdb", read_only=True) as connection:
        for described in describe_tables():
            if described.table in list_release_tables():
                continue  # those stand in the releases
            name, title = described.table.name, described.title_zh
            counts = [
                connection.execute(f'SELECT count(*) FROM "{view}"').fetchall()  # noqa: S608
                for view in (name, title)
            ]
            assert counts[0] == counts[1]
            for view, entries in ((name, "column"), (title, "title_zh")):
                found = connection.execute(
                    "SELECT column_name, data_type, comment FROM duckdb_columns() "
                    "WHERE table_name = ? ORDER BY column_index",
                    [view],
                ).fetchall()
                assert [row[0] for row in found] == [
                    getattr(entry, entries) for entry in described.entries
                ]
                for row, entry in zip(found, described.entries, strict=True):
                    assert entry.meaning in row[2] and entry.meaning_zh in row[2]
        described = connection.execute("SELECT column_name, column_type FROM (DESCRIBE wide)")
        types = dict(described.fetchall())
    assert types["year"] == "INTEGER"
    assert types["region"] == "VARCHAR"
    assert types["t3.new.total"] == "DECIMAL(20,6)"


def test_the_queries_of_the_readme_are_found() -> None:
    """There are the seven that the README works out."""
    assert len(QUERIES) == 7


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: " ".join(query.split())[:60])
def test_a_query_of_the_readme_gives_rows(
    sample_runs: Any, query: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own text, on the demo's lake, gives rows without a null among them."""
    (tmp_path / "data").symlink_to(sample_runs.folder)
    monkeypatch.chdir(tmp_path)
    with duckdb.connect("data/gouji.duckdb", read_only=True) as connection:
        rows = connection.execute(query).fetchall()
    assert rows
    assert all(value is not None for row in rows for value in row)


def test_the_queries_of_the_readme_are_right(sample_runs: Any, tmp_path: Path) -> None:
    """The worst publishers and the trend are what Polars finds in the tables."""
    reports = read_table(sample_runs.folder, REPORTS)
    wide = read_table(sample_runs.folder, WIDE)
    with duckdb.connect(sample_runs.folder / "gouji.duckdb", read_only=True) as connection:
        worst = connection.execute(next(q for q in QUERIES if "sum(problems)" in q)).fetchall()
        trend = connection.execute(next(q for q in QUERIES if "AS counties" in q)).fetchall()
    invalid = reports.filter(pl.col("verdict") == "invalid")
    most = invalid.group_by("region", "publisher").agg(pl.col("problems").sum())["problems"].max()
    assert worst[0][3] == most
    is_county = (pl.col("scope") == "government") & pl.col("county").is_not_null()
    counties = wide.filter((pl.col("verdict") == "valid") & is_county)
    assert sum(row[2] for row in trend) == counties.height
    assert sum(row[3] for row in trend) == counties["t3.new.total"].sum()


def _read_by_pyarrow(path: Path) -> tuple[int, str]:
    table = pq.read_table(path)
    return table.num_rows, str(table.schema.field("year").type)


def _read_by_pandas(path: Path) -> tuple[int, str]:
    frame = pd.read_parquet(path)
    return len(frame), str(frame["year"].dtype)


def _read_by_polars(path: Path) -> tuple[int, str]:
    frame = pl.read_parquet(path)
    return frame.height, str(frame.schema["year"]).lower()


def _read_by_duckdb(path: Path) -> tuple[int, str]:
    with duckdb.connect() as connection:
        found = connection.read_parquet(str(path))
        kind = dict(zip(found.columns, map(str, found.types), strict=True))["year"]
        return len(found.fetchall()), {"INTEGER": "int32"}[kind]


@pytest.mark.parametrize(
    "read",
    [_read_by_pyarrow, _read_by_pandas, _read_by_polars, _read_by_duckdb],
    ids=["pyarrow", "pandas", "polars", "duckdb"],
)
@pytest.mark.parametrize("table", LAKE, ids=lambda table: table.name)
def test_flat_files_read_alike_everywhere(
    sample_runs: Any, read: Callable[[Path], tuple[int, str]], table: Any
) -> None:
    """Each engine finds the same rows and a year of 32 bits, without a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = read(sample_runs.folder / f"flat/{table.name}.parquet")
    assert found == (read_table(sample_runs.folder, table).height, str(pa.int32()))
