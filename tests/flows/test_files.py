"""A flipped byte and a file of another run are found, and made anew from the archive."""

from __future__ import annotations

import shutil
from pathlib import Path, PurePosixPath

import polars as pl
import pytest

from expectations.wide import WIDE
from flows.check import CheckParameters, check
from flows.collect import CollectParameters, collect
from flows.files import TABLES, CheckFilesParameters, FileCheck, check_files
from storage.checksums import SUMS, hash_file, print_sums, read_sums
from storage.documents import read_documents
from storage.folder import StorageError
from storage.lake import Partition, list_partitions, locate_file, read_rows, read_table
from storage.parquet import write_file
from storage.schema import CELLS, FIGURE, FINDINGS, REPORTS, Table
from storage.together import find_mixed
from tasks.sample.plan import plan_site
from tasks.sample.render import render_html

PAGES = [p for p in plan_site() if p.verdict in {"valid", "invalid"}][:6]


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with some reports, to be copied."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "in").mkdir()
    for number, page in enumerate(PAGES):
        (folder / f"in/{number}.html").write_bytes(render_html(page.spec, "standard"))
    (folder / "in/empty.html").write_text("<p>neither a report nor a table</p>", "utf-8")
    data = folder / "data"
    collect(CollectParameters(sources=[str(folder / "in")], data=str(data), send_alerts=False))
    return data


@pytest.fixture
def data(stored: Path, tmp_path: Path) -> Path:
    """A copy to damage."""
    shutil.copytree(stored, tmp_path / "data")
    return tmp_path / "data"


def flip(path: Path) -> None:
    """Flip one bit in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def run(data: Path, repair_only: bool = False) -> FileCheck:
    """Check the files of a folder."""
    return check_files(CheckFilesParameters(data=str(data), repair_only=repair_only))


def put_back(data: Path, table: Table) -> Partition:
    """Put a file of an earlier run, of a text with other figures, in place of one that is stored.

    It is there as written: its checksum is in the list.
    """
    partition = max(
        list_partitions(data, REPORTS), key=lambda one: read_rows(data, CELLS, one).height
    )
    old = read_rows(data, table, partition)
    name = locate_file(table, partition)
    figures = [column for column, dtype in old.schema.items() if dtype == FIGURE]
    other = old.with_columns(pl.lit(7, FIGURE).alias(column) for column in figures)
    if table is REPORTS:
        other = old.with_columns(source_sha256=pl.lit("0" * 64))
    write_file(data / name, table, other.clear() if table is FINDINGS else other, "before")
    sums = read_sums(data) | {name: hash_file(data / name)}
    (data / SUMS).write_bytes(print_sums(sums))
    return partition


def test_a_whole_lake_is_left_alone(data: Path) -> None:
    """Where every file is as written, none is touched, and there is nothing to say."""
    before = {path: path.stat().st_mtime_ns for path in data.rglob("*.parquet")}
    found = run(data)
    assert found.is_whole
    kept = [path for path in before if path.parent.name != "flat"]  # made anew from the lake
    assert found.files == len(kept) == len(read_sums(data))
    assert {path: path.stat().st_mtime_ns for path in data.rglob("*.parquet")} == before


@pytest.mark.parametrize("table", ["cells", "reports", "wide"])
def test_a_flipped_byte_is_undone(data: Path, table: str) -> None:
    """The partition is rebuilt from the archive, and the damaged file kept aside."""
    reports, cells = read_table(data, REPORTS), read_table(data, CELLS)
    path = max((data / "lake" / table).rglob("*.parquet"), key=lambda path: path.stat().st_size)
    name = PurePosixPath(path.relative_to(data))
    flip(path)
    damaged = path.read_bytes()
    found = run(data)
    assert [damage.path for damage in found.damaged] == [name]
    assert (found.lost, found.fetch) == ((), ())
    assert found.kept_in is not None
    assert (found.kept_in / name).read_bytes() == damaged
    assert read_table(data, CELLS).equals(cells)
    judged = (
        reports.columns if table != "reports" else [c for c in reports.columns if c[-3:] != "_at"]
    )
    assert read_table(data, REPORTS).select(judged).equals(reports.select(judged))
    if table != "reports":
        assert found.identical == (name,)
    assert run(data).is_whole


def test_a_file_taken_away_is_made_anew(data: Path) -> None:
    """A file that the list names and nobody finds counts as damaged."""
    path = next((data / "lake/findings").rglob("*.parquet"))
    content = path.read_bytes()
    path.unlink()
    found = run(data)
    assert [damage.found for damage in found.damaged] == ["no file"]
    assert path.read_bytes() == content


def test_the_list_of_documents_comes_back_from_the_reports(data: Path) -> None:
    """Every address that gave a report is in it again with its bytes."""
    documents = read_documents(data)
    flip(data / "documents.parquet")
    found = run(data)
    assert [str(path) for path in found.different] == ["documents.parquet"]
    names = ["url", "report_id", "sha256", "outcome"]
    gave = documents.filter(outcome="read")
    assert read_documents(data).select(names).equals(gave.select(names))
    assert documents.height == gave.height + 1
    assert run(data).is_whole


def test_damage_in_the_archive_is_told_and_costs_its_report_only(data: Path) -> None:
    """Bytes that are not what their name says are not read; the other reports are rebuilt."""
    cells = read_table(data, CELLS)
    path = max((data / "lake/cells").rglob("*.parquet"), key=lambda path: path.stat().st_size)
    year = int(path.parent.parent.name.partition("=")[2])
    lost = (
        read_table(data, REPORTS).filter(year=year, region=path.parent.name[7:]).row(0, named=True)
    )
    flip(data / "archive" / lost["source_sha256"][:2] / lost["source_sha256"])
    found = run(data)
    assert (found.fetch, found.damaged, found.is_whole) == ((lost["source_sha256"],), (), False)
    assert read_table(data, CELLS).equals(cells)
    flip(path)
    found = run(data)
    assert found.lost == (lost["report_id"],)
    kept = cells.filter(report_id=lost["report_id"])
    assert read_table(data, CELLS).height == cells.height - kept.height
    assert lost["report_id"] not in set(read_table(data, REPORTS)["report_id"])


@pytest.mark.parametrize("table", [REPORTS, CELLS], ids=lambda table: table.name)
def test_tables_of_two_runs_are_told_and_made_anew(data: Path, table: Table) -> None:
    """No checksum tells an old file put back: its `run_id` does, and the archive gives the rest."""
    assert find_mixed(data, TABLES) == ()
    before = {one: read_table(data, one) for one in (CELLS, FINDINGS, WIDE)}
    partition = put_back(data, table)
    place = f"{partition.year}/{partition.region}"
    if table is CELLS:
        files = {path: path.read_bytes() for path in (data / "lake").rglob("*.parquet")}
        with pytest.raises(StorageError, match=f"^{place}: .*cells of before.* --repair"):
            check(CheckParameters(data=str(data)))
        assert {path: path.read_bytes() for path in files} == files
    found = run(data, repair_only=True)
    assert [f"{mixed.year}/{mixed.region}" for mixed in found.mixed] == [place]
    assert (found.still_mixed, found.lost, found.is_whole) == ((), (), False)
    for one, rows in before.items():
        new = read_table(data, one)
        # Today's text is another than that of an old row of reports, and Y-11 tells of it.
        kept = new.filter(pl.col("rule") != "Y-11") if one is FINDINGS else new
        assert (new if table is not REPORTS else kept).equals(rows)
    assert found.kept_in is not None
    assert (found.kept_in / locate_file(table, partition)).exists()
    assert run(data, repair_only=True).is_whole
    assert run(data).is_whole


def test_a_repair_keeps_what_the_archive_lacks(data: Path) -> None:
    """Without archived bytes a report stays if its cells are as many as it says, else it goes."""
    partition = put_back(data, WIDE)
    cells, wide = read_table(data, CELLS), read_table(data, WIDE)
    shutil.rmtree(data / "archive")
    (data / "archive").mkdir()
    found = run(data, repair_only=True)
    assert (found.lost, found.still_mixed) == ((), ())
    assert read_table(data, CELLS).equals(cells)
    assert not read_table(data, WIDE).equals(wide)

    name = locate_file(CELLS, partition)
    rows = read_rows(data, CELLS, partition)
    write_file(data / name, CELLS, rows.filter(pl.col("table") != "t4"), "before")
    found = run(data, repair_only=True)
    assert found.lost == tuple(rows["report_id"].unique().sort())
    assert found.still_mixed == ()


def test_a_list_of_checksums_that_is_gone_is_made_anew(data: Path) -> None:
    """Files are as they are then, but one that cannot be read is damaged without any list."""
    sums = (data / SUMS).read_bytes()
    path = next((data / "lake/cells").rglob("*.parquet"))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    (data / SUMS).unlink()
    found = run(data)
    assert [damage.path for damage in found.damaged] == [PurePosixPath(path.relative_to(data))]
    assert path.read_bytes() == content
    assert (data / SUMS).read_bytes() == sums


def test_what_no_list_tells_of_is_given_up_and_can_be_collected_again(data: Path) -> None:
    """Without any list of a partition's reports its file is told as it is, and the rest is made."""
    path = max((data / "lake/reports").rglob("*.parquet"), key=lambda path: path.stat().st_size)
    name = PurePosixPath(path.relative_to(data))
    for lost in (path, data / "documents.parquet", data / "flat/reports.parquet"):
        lost.write_bytes(b"")
    found = run(data)
    assert {damage.path for damage in found.damaged} == {name, PurePosixPath("documents.parquet")}
    assert name not in found.identical + found.different
    assert found.partial == (PurePosixPath("documents.parquet"),)
    for folder in (data / "lake").glob("/".join(("*", *name.parts[2:4]))):
        shutil.rmtree(folder)
    assert {name} < {damage.path for damage in run(data).damaged}
    assert run(data).is_whole
