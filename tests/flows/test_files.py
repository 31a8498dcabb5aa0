"""A flipped byte is found wherever it is, and what the archive can give is made anew."""

from __future__ import annotations

import shutil
from pathlib import Path, PurePosixPath

import pytest

from flows.collect import CollectParameters, collect
from flows.files import CheckFilesParameters, FileCheck, check_files
from storage.checksums import read_sums
from storage.documents import read_documents
from storage.lake import read_table
from storage.schema import CELLS, REPORTS
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


def run(data: Path) -> FileCheck:
    """Check the files of a folder."""
    return check_files(CheckFilesParameters(data=str(data)))


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
