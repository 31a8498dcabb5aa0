"""What a second run reads again, and that leaving the rest out makes no difference."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import flows.engines
from flows.collect import CollectParameters, collect
from storage.documents import read_documents
from storage.schema import DOCUMENTS
from tasks.fetching.page import Miss
from tasks.read import read_pages
from tasks.reading.batch import Origin
from tests.flows.test_versions import write_page
from tests.plain import COUNTY, FINANCE
from tests.tasks.fetching.simulator.server import Simulator, serve
from tests.tasks.fetching.simulator.shelf import Shelf

pytestmark = pytest.mark.usefixtures("lake_alone")

HOST = "127.0.9.12"
COLUMN = "/zfxxgknb/"
PAGES = {
    "/same.html": (COUNTY, 2021, 3),
    "/changed.html": (COUNTY, 2022, 3),
    "/next.html": (COUNTY, 2023, 3),
    "/gone.html": (FINANCE, 2021, 3),
    "/twice.html": (FINANCE, 2022, 3),
    "/before.html": (FINANCE, 2023, 3),
    "/before-copy.html": (FINANCE, 2023, 4),
}


class Clock(datetime):
    """A clock that stands still, so that two runs may write the same instants."""

    moment = datetime(2026, 3, 1, tzinfo=UTC)

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Any:  # noqa: ARG003
        """Give the moment at which it stands."""
        return cls.moment


def read_nothing_less(
    fetched: Sequence[Origin | Miss], data: Path, reader: str, wanted: pl.Expr
) -> pl.DataFrame:
    """Stand in for `find_unchanged`: everything is read."""
    return DOCUMENTS.schema.to_frame()


def hash_files(data: Path) -> dict[str, str]:
    """Hash the lake and the documents."""
    paths = [data / "documents.parquet", *sorted((data / "lake").rglob("*.parquet"))]
    return {
        str(path.relative_to(data)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths
    }


def publish(shelf: Shelf) -> None:
    """List every page that there is, but for the column itself."""
    pages = sorted(path for path in PAGES | shelf.pages if path != COLUMN)
    links = "".join(f'<a href="{path}">政府信息公开工作年度报告</a>' for path in pages)
    shelf.pages[COLUMN] = f"<title>政府信息公开年报</title>{links}".encode()


@pytest.mark.slow
def test_the_lake_is_as_if_everything_were_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where pages are the same, changed, gone and twice, each file is as after reading all again.

    So it is with another reader, by which everything is read.
    """
    for name in ("GOUJI_SMTP_URL", "GOUJI_RECIPIENTS", "GOUJI_SOURCES", "GOUJI_ROSTER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("flows.collect.datetime", Clock)
    monkeypatch.setattr("tasks.fetch.tell_time", lambda: Clock.moment)
    read: set[str] = set()

    class Watched:
        def with_options(self, **options: Any) -> Any:
            def watch(groups: Sequence[Sequence[Origin]], *given: Any) -> Any:
                read.update(page.url.rpartition("/")[2] for group in groups for page in group)
                return read_pages.with_options(**options)(groups, *given)

            return watch

    monkeypatch.setattr(flows.engines, "read_pages", Watched())
    data, twin = tmp_path / "data", tmp_path / "twin"
    shelf = Shelf({path: write_page(*planned) for path, planned in PAGES.items()})
    publish(shelf)
    with serve({HOST: shelf}) as simulator:
        run(simulator, data)
        assert len(read) == len(PAGES)
        shutil.copytree(data, twin)
        shelf.pages["/changed.html"] = write_page(COUNTY, 2022, 5)
        shelf.pages["/twice-copy.html"] = write_page(FINANCE, 2022, 6)
        del shelf.pages["/gone.html"]
        publish(shelf)
        expected = {"changed", "twice", "twice-copy", "before", "before-copy"}
        assert run_both(simulator, data, twin, read) == {f"{name}.html" for name in expected}
        documents = read_documents(data)
        names = documents["url"].str.extract(r"/([^/]*)\.html$")
        outcomes = dict(zip(names, documents["outcome"], strict=True))
        assert outcomes["same"] == outcomes["changed"] == outcomes["next"] == "read"
        assert outcomes["gone"] == "gone"
        assert sorted((outcomes["twice"], outcomes["twice-copy"])) == ["duplicate", "read"]

        monkeypatch.setattr("flows.reading.name_reader", lambda: "another")
        assert len(run_both(simulator, data, twin, read)) == len(shelf.pages) - 1


def run_both(simulator: Simulator, data: Path, twin: Path, read: set[str]) -> set[str]:
    """Collect into both folders, reading everything for the twin; give what was read else."""
    Clock.moment += timedelta(days=1)
    read.clear()
    run(simulator, data)
    found = set(read)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("flows.reading.find_unchanged", read_nothing_less)
        run(simulator, twin)
    assert hash_files(data) == hash_files(twin)
    return found


def run(simulator: Simulator, data: Path) -> None:
    """Collect the column."""
    address = simulator.url(HOST, COLUMN)
    collect(CollectParameters(sources=[address], data=str(data), send_alerts=False))
