"""Cells in a third of their memory: a nation's year has thirty million of them.

Packed, texts stand as numbers, with the names beside. A packed frame is read as any other; to
join it on such a column, or to put it under a frame that is not packed, unpack its rows first.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import polars as pl

from storage.lake import list_partitions, read_partitions, select_partitions
from storage.schema import CELLS, PolarsType

_FEWEST, _FEW, _MANY = pl.UInt8, pl.UInt16, pl.UInt32
_SIZES: dict[str, type[pl.DataType]] = {
    "region": _FEW,
    "report_id": _MANY,
    "table": _FEWEST,
    "row": _FEW,
    "column": _FEW,
    "unit": _FEW,
    "status": _FEWEST,
    "text": _MANY,
    "locator": _MANY,
    "note": _MANY,
}
_PACKED: dict[str, PolarsType] = {
    name: pl.Categorical(pl.Categories(f"gouji.{name}", physical=size))
    for name, size in _SIZES.items()
}
PACKED_CELLS = pl.Schema({**CELLS.frame_schema, **_PACKED})


def pack_cells(cells: pl.DataFrame) -> pl.DataFrame:
    """Pack the columns of a frame of cells that can be; others stay."""
    return cells.cast({name: kind for name, kind in _PACKED.items() if name in cells.columns})


def choose_rows(rows: pl.DataFrame, reports: pl.DataFrame) -> pl.DataFrame:
    """Choose the rows of some reports, in their order, packed as they were.

    Args:
        rows: With `report_id`, packed or not.
        reports: With `report_id`; one may stand there more than once.
    """
    ids = reports.select(pl.col("report_id").cast(rows.schema["report_id"])).unique()
    return rows.join(ids, on="report_id", how="semi", maintain_order="left")


def unpack(frame: pl.DataFrame) -> pl.DataFrame:
    """Give back the texts of a frame, packed or not."""
    return frame.cast({pl.Categorical: pl.String})


def read_cells(
    data: Path,
    years: Collection[int] | None = None,
    regions: Collection[str] | None = None,
    reports: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Read stored cells as `PACKED_CELLS`, in the order of their partitions and keys.

    Args:
        data: The data folder.
        years: These years only.
        regions: These regions only.
        reports: With `report_id`: the cells of these reports only.

    Raises:
        StorageError: a file is damaged or has other columns.
    """
    parts = [PACKED_CELLS.to_frame()]
    for partition in select_partitions(list_partitions(data, CELLS), years, regions):
        cells = read_partitions(data, CELLS, [partition])
        parts.append(pack_cells(cells if reports is None else choose_rows(cells, reports)))
    columns = []
    for name in PACKED_CELLS:
        # Column by column, and each dropped at once: never is everything there twice.
        columns.append(pl.concat([part[name] for part in parts]).rechunk())
        parts = [part.drop(name) for part in parts]
    return pl.DataFrame(columns)
